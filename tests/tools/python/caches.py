"""Completes ministack's ElastiCache: an adapter between the checker and the emulator, used by mend.py."""
import re
import time
from urllib.parse import urlencode

from aiohttp import web

from answers import each, member, put

# Members of a request that no description shows, and how a description shows them in AWS.
OF_GROUP = ("KmsKeyId", "NetworkType", "TransitEncryptionEnabled", "TransitEncryptionMode", "AutoMinorVersionUpgrade")
OF_NODE = ("EngineVersion", "PreferredMaintenanceWindow", "AutoMinorVersionUpgrade", "NetworkType")
LOG = re.compile(r"LogDeliveryConfigurations\.[A-Za-z]+\.(\d+)\.([A-Za-z.]+)$")


def listed(form, name):
    """The items of a list in a request."""
    return [value for key, value in form.items() if re.match(rf"{name}\.[A-Za-z]+\.\d+$", key)]


def log(of):
    """A log delivery as a description shows it."""
    group = of.get("DestinationDetails.CloudWatchLogsDetails.LogGroup")
    details = (f"<CloudWatchLogsDetails><LogGroup>{group}</LogGroup></CloudWatchLogsDetails>" if group else
               "<KinesisFirehoseDetails><DeliveryStream>"
               f"{of.get('DestinationDetails.KinesisFirehoseDetails.DeliveryStream', '')}"
               "</DeliveryStream></KinesisFirehoseDetails>")
    shown = "".join(f"<{key}>{of.get(key, '')}</{key}>" for key in ("LogType", "DestinationType", "LogFormat"))
    return (f"<LogDeliveryConfiguration>{shown}<DestinationDetails>{details}</DestinationDetails>"
            "<Status>active</Status></LogDeliveryConfiguration>")


class Caches:
    """What is asked for is kept by account, region and name, until the cache is deleted."""

    def __init__(self, ask):
        self.ask, self.groups, self.nodes, self.logs = ask, {}, {}, {}

    async def before(self, call, request, where, form):
        """An answer instead of the emulator's, or None."""
        if call.name == "DeleteReplicationGroup" and "FinalSnapshotIdentifier" in form:
            return await self.mend_final_snapshot(where, form)
        if call.name == "ModifyReplicationGroup" and form.get("RemoveUserGroups") == "true":
            await self.mend_remove_user_groups(call, request, where, form)
        return None

    async def mend_final_snapshot(self, where, form):
        """FinalSnapshotIdentifier is not looked at. Here the snapshot is taken, or its name is taken already."""
        asked = {"SnapshotName": form["FinalSnapshotIdentifier"], "ReplicationGroupId": form["ReplicationGroupId"]}
        status, answer = await self.ask(*where, "elasticache", "CreateSnapshot", asked)
        return None if status == 200 else web.Response(status=status, text=answer, content_type="text/xml")

    async def mend_remove_user_groups(self, call, request, where, form):
        """RemoveUserGroups is not known. It removes each of the groups."""
        asked = {"ReplicationGroupId": form["ReplicationGroupId"]}
        _, answer = await self.ask(*where, "elasticache", "DescribeReplicationGroups", asked)
        groups = re.findall(r"<member>([^<]*)<", "".join(re.findall(r"<UserGroupIds>.*?</UserGroupIds>", answer)))
        removed = [(f"UserGroupIdsToRemove.member.{i}", group) for i, group in enumerate(groups, 1)]
        request.body = urlencode([*call.form, *removed]).encode()

    def after(self, call, reply, where, form):
        """The answer, mended."""
        if reply.status != 200:
            return reply
        text = self.mend_text(reply.text)
        if call.name in ("CreateReplicationGroup", "ModifyReplicationGroup"):
            self.mend_unshown_members_of_groups(where, form)
        if call.name in ("CreateCacheCluster", "ModifyCacheCluster"):
            self.mend_unshown_members_of_clusters(where, form, text)
        if call.name in ("DeleteReplicationGroup", "DeleteCacheCluster"):
            name = (*where, form.get("ReplicationGroupId") or form["CacheClusterId"])
            for kept in (self.groups, self.nodes, self.logs):
                kept.pop(name, None)
        if call.name == "DescribeCacheParameters" and form.get("Source") == "user":
            text = self.mend_user_parameters(text)
        text = each(text, "ReplicationGroup", lambda one: self.show_group(where, one))
        text = each(text, "CacheCluster", lambda one: self.show_cluster(where, one))
        return web.Response(status=200, body=text.encode(), content_type="text/xml")

    @staticmethod
    def mend_text(text):
        """Texts are not escaped, as the rights of a user, and times of snapshots are numbers."""
        text = re.sub(r"&(?!(amp|lt|gt|quot|apos|#\d+);)", "&amp;", text)
        return re.sub(r"(?<=<SnapshotCreateTime>)[\d.]+(?=<)",
                      lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(at[0]))), text)

    def mend_unshown_members_of_groups(self, where, form):
        """DescribeReplicationGroups leaves members out, and DescribeCacheClusters shows those of the group's nodes as they
        were made. Here they show what was asked for."""
        name = (*where, form["ReplicationGroupId"])
        self.groups.setdefault(name, {}).update({key: form[key] for key in OF_GROUP if key in form})
        if form.get("TransitEncryptionEnabled") == "false":
            self.groups[name].pop("TransitEncryptionMode", None)
        self.keep_node(name, form)
        logs = {}
        for key, value in form.items():
            if found := LOG.match(key):
                logs.setdefault(found[1], {})[found[2]] = value
        kept = self.logs.setdefault(name, {})
        for one in logs.values():
            kept[one["LogType"]] = one if one.get("Enabled") != "false" else None

    def mend_unshown_members_of_clusters(self, where, form, text):
        """The same of a Memcached cluster, with its configuration endpoint and the zones of its nodes."""
        name = (*where, form["CacheClusterId"])
        self.keep_node(name, form)
        kept = self.nodes[name]
        if form.get("AZMode"):
            kept["PreferredAvailabilityZone"] = "Multiple" if form["AZMode"] == "cross-az" else f"{where[1]}a"
        port = form.get("Port") or member(kept.get("ConfigurationEndpoint", ""), "Port") or member(text, "Port")
        kept["ConfigurationEndpoint"] = f"<Address>{name[2]}.cfg.cache</Address><Port>{port}</Port>"

    def keep_node(self, name, form):
        kept = self.nodes.setdefault(name, {})
        kept.update({key: form[key] for key in OF_NODE if key in form})
        if group := form.get("CacheParameterGroupName"):
            kept["CacheParameterGroup"] = f"<CacheParameterGroupName>{group}</CacheParameterGroupName>"
        if groups := listed(form, "SecurityGroupIds"):
            kept["SecurityGroups"] = "".join(f"<member><SecurityGroupId>{group}</SecurityGroupId><Status>active</Status>"
                                             "</member>" for group in groups)

    @staticmethod
    def mend_user_parameters(text):
        """DescribeCacheParameters shows all parameters, whatever their source."""
        return re.sub(r"<Parameter>.*?</Parameter>", lambda one: one[0] if member(one[0], "Source") == "user" else "", text,
                      flags=re.DOTALL)

    def show_group(self, where, text):
        name = (*where, member(text, "ReplicationGroupId"))
        kept = self.groups.get(name, {})
        for key, value in kept.items():
            text = put(text, key, value)
        if kept.get("TransitEncryptionEnabled") == "false":
            text = re.sub(r"<TransitEncryptionMode>.*?</TransitEncryptionMode>", "", text)
        if name in self.logs:
            text = put(text, "LogDeliveryConfigurations", "".join(log(one) for one in self.logs[name].values() if one))
        return text

    def show_cluster(self, where, text):
        group = member(text, "ReplicationGroupId")
        for key, value in self.nodes.get((*where, group or member(text, "CacheClusterId")), {}).items():
            text = put(text, key, value)
        return text
