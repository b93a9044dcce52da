"""GetResources of RDS, ElastiCache, load balancing and EC2, in pages, for an emulator whose own does not know them."""
import re
import secrets

from answers import member

# What of RDS bears tags, by the names of its ARN and of its list.
RDS = {"DBInstance": "DescribeDBInstances", "DBSubnetGroup": "DescribeDBSubnetGroups",
       "DBParameterGroup": "DescribeDBParameterGroups", "DBSnapshot": "DescribeDBSnapshots",
       "DBCluster": "DescribeDBClusters", "DBClusterParameterGroup": "DescribeDBClusterParameterGroups",
       "DBProxy": "DescribeDBProxies"}

# And of ElastiCache, where all of them name their ARN alike.
ELASTICACHE = ("DescribeReplicationGroups", "DescribeCacheClusters", "DescribeServerlessCaches",
               "DescribeCacheSubnetGroups", "DescribeCacheParameterGroups", "DescribeUsers", "DescribeUserGroups",
               "DescribeSnapshots")


class Tagged:
    """The tagged resources of all accounts; what is left of a list is kept under its token."""

    def __init__(self, ask, balancers):
        self.ask, self.balancers, self.left = ask, balancers, {}

    async def page(self, where, asked, answer):
        """Completes one answer of GetResources to what was asked."""
        token = asked.get("PaginationToken")
        if token:
            found = self.left.pop(token, [])
        else:
            found = [*answer["ResourceTagMappingList"], *await self.matching(where, asked)]
        size = asked.get("ResourcesPerPage", 100)
        answer["ResourceTagMappingList"], rest = found[:size], found[size:]
        answer["PaginationToken"] = secrets.token_hex(8) if rest else ""
        if rest:
            self.left[answer["PaginationToken"]] = rest
        return answer

    async def matching(self, where, asked):
        filters, types = asked.get("TagFilters", []), asked.get("ResourceTypeFilters", [])
        listed = []
        services = {"rds", "elasticache"} & {one.split(":")[0] for one in types} if types else ("rds", "elasticache")
        lists = [await self.query(where, service) for service in services]
        if not types or any(one.startswith("elasticloadbalancing") for one in types):
            lists.append(await self.balancers.tagged(where))
        for arn, tags in [*sum(lists, []), *await self.ec2(where)]:
            of_type = not types or any(kind_of(arn) == one or one == kind_of(arn).split(":")[0] for one in types)
            if tags and of_type and all(matches(tags, one) for one in filters):
                shown = [{"Key": key, "Value": value} for key, value in tags.items()]
                listed.append({"ResourceARN": arn, "Tags": shown})
        return listed

    async def query(self, where, service):
        """What one service has, and the tags of each, by its own calls."""
        listings = RDS.items() if service == "rds" else [("", listing) for listing in ELASTICACHE]
        found = {}
        for kind, listing in listings:
            _, answer = await self.ask(*where, service, listing, {})
            element = f"{kind}Arn" if kind else "ARN"
            for arn in re.findall(rf"<{element}>(arn:[^<]*)<", answer):
                _, tags = await self.ask(*where, service, "ListTagsForResource", {"ResourceName": arn})
                found[arn] = dict(re.findall(r"<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>", tags))
        return list(found.items())

    async def ec2(self, where):
        account, region = where
        _, answer = await self.ask(*where, "ec2", "DescribeTags", {})
        found = {}
        for item in re.findall(r"<item>(.*?)</item>", answer, re.DOTALL):
            arn = f"arn:aws:ec2:{region}:{account}:{member(item, 'resourceType')}/{member(item, 'resourceId')}"
            found.setdefault(arn, {})[member(item, "key")] = member(item, "value")
        return found.items()


def kind_of(arn):
    """The type as ResourceTypeFilters names it: rds:subgrp, ec2:security-group."""
    _, _, service, _, _, resource = arn.split(":", 5)
    return f"{service}:{re.split('[:/]', resource)[0]}"


def matches(tags, one):
    return one["Key"] in tags and tags[one["Key"]] in (one.get("Values") or tags.values())
