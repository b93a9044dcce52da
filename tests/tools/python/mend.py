"""Completes what an emulator lacks, for the operator's calls alone: an adapter between the checker and the emulator.

Each class is one emulator's; each method named `mend_…` is one row of the table in tests/README.md. `before` may change
a call on its way there or answer it instead, `after` may change the answer on its way back. What a mend must remember
it keeps by account and region. `ask(account, region, service, name, members)` is a call of the mend's own; it answers
the status and the text, and is neither checked nor counted.
"""
import json
import re
import secrets
import time
from urllib.parse import urlencode

from aiohttp import web

from answers import each, member, put, xml
from balancers import Balancers
from buckets import ROOTS, Buckets
from caches import Caches
from certificates import Certificates
from distributions import Distributions
from tagged import Tagged


# Parameters of PostgreSQL as RDS describes them: name, data type, allowed values, whether they can be modified.
POSTGRES = [
    ("log_min_duration_statement", "integer", "-1-2147483647", "true"),
    ("log_statement", "string", "none,ddl,mod,all", "true"),
    ("max_connections", "integer", "6-262143", "true"),
    ("rds.force_ssl", "boolean", "0,1", "true"),
    ("server_version", "string", "", "false"),
]


class Emulator:
    """What every emulator lacks."""

    def __init__(self, ask):
        self.ask, self.buckets = ask, Buckets(ask)

    async def before(self, call, request, account):
        """An answer instead of the emulator's, or None."""
        if call.service == "s3":
            return self.buckets.mend_intelligent_tiering(call, request, account)
        return self.mend_engine_defaults(dict(call.form)) if call.name == "DescribeEngineDefaultParameters" else None

    def mend_engine_defaults(self, form):
        """DescribeEngineDefaultParameters is not there. Here it knows some parameters of PostgreSQL, and no other engine."""
        family = form.get("DBParameterGroupFamily", "")
        if not family.startswith("postgres"):
            return None
        listed = "".join(f"<Parameter><ParameterName>{name}</ParameterName><DataType>{kind}</DataType>"
                         f"<AllowedValues>{allowed}</AllowedValues><IsModifiable>{modifiable}</IsModifiable></Parameter>"
                         for name, kind, allowed, modifiable in POSTGRES)
        family = f"<DBParameterGroupFamily>{family}</DBParameterGroupFamily>"
        return xml("DescribeEngineDefaultParameters", f"<EngineDefaults>{family}<Parameters>{listed}</Parameters></EngineDefaults>")

    async def after(self, call, request, reply, account):
        """The answer, mended."""
        if call.service == "s3":
            self.buckets.forget(call, reply, account)
        return reply


class Ministack(Emulator):
    MAKES = ("CreateDBInstance", "RestoreDBInstanceFromDBSnapshot")
    # Members of a request that DescribeDBInstances never shows, and how it shows them in AWS.
    UNSHOWN = {"KmsKeyId": "KmsKeyId", "StorageThroughput": "StorageThroughput", "NetworkType": "NetworkType",
               "DatabaseInsightsMode": "DatabaseInsightsMode", "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
               "Port": "Port", "DBPortNumber": "Port", "PreferredBackupWindow": "PreferredBackupWindow"}
    # What RestoreDBInstanceFromDBSnapshot takes and drops, and ModifyDBInstance keeps.
    DROPPED = re.compile(r"(VpcSecurityGroupIds\.|DBParameterGroupName$|AllocatedStorage$|Iops$|BackupRetentionPeriod$"
                         r"|PreferredBackupWindow$|CopyTagsToSnapshot$|DeletionProtection$|EnableIAMDatabaseAuthentication$"
                         r"|CACertificateIdentifier$|MonitoringInterval$|MonitoringRoleArn$|MaxAllocatedStorage$)")

    def __init__(self, ask):
        super().__init__(ask)
        self.secrets, self.shown, self.copies, self.caches = {}, {}, {}, Caches(ask)
        self.balancers, self.certificates = Balancers(ask), Certificates(ask)
        self.tagged = Tagged(ask, self.balancers)

    async def before(self, call, request, account):
        form, where = dict(call.form), (account, call.region)
        if call.service == "elasticache":
            return await self.caches.before(call, request, where, form)
        if call.service == "elbv2":
            return await self.balancers.before(call, where, form)
        if call.service not in ("rds", "s3"):
            return None
        if answer := await super().before(call, request, account):
            return answer
        if call.name == "CopyDBSnapshot":
            return await self.mend_copy_snapshot(where, form)
        copy = self.copies.get((*where, form.get("DBSnapshotIdentifier", "")))
        if not copy:
            return None
        if call.name == "DeleteDBSnapshot":
            del self.copies[(*where, form["DBSnapshotIdentifier"])]
            return xml("DeleteDBSnapshot", f"<DBSnapshot>{copy['xml']}</DBSnapshot>")
        if call.name == "DescribeDBSnapshots":
            return xml("DescribeDBSnapshots", f"<DBSnapshots><DBSnapshot>{copy['xml']}</DBSnapshot></DBSnapshots>")
        # Whatever else names the copy is about the data, which is its source's.
        changed = [(k, copy["source"] if k == "DBSnapshotIdentifier" else v) for k, v in call.form]
        request.body = urlencode(changed).encode()
        return None

    @staticmethod
    def mend_cluster_group(answer):
        """The security group of a cluster is one that exists: the first that it was made with."""
        network = answer["cluster"]["resourcesVpcConfig"]
        if network.get("securityGroupIds"):
            network["clusterSecurityGroupId"] = network["securityGroupIds"][0]
        return web.json_response(answer)

    async def after(self, call, request, reply, account):
        where, form = (account, call.region), dict(call.form)
        if call.name == "GetResources" and reply.status == 200:
            return await self.mend_tagged(where, json.loads(request.body), json.loads(reply.text))
        if call.service == "route53" and "HealthCheck" in call.name:
            return self.mend_booleans(reply)
        if call.name == "ListCertificates" and reply.status == 200:
            return await self.certificates.mend_list(where, json.loads(reply.text))
        if call.service == "elasticache":
            return self.caches.after(call, reply, where, form)
        if call.service == "elbv2":
            return self.balancers.after(call, reply, where, form)
        if call.service == "eks" and call.name == "DescribeCluster" and reply.status == 200:
            return self.mend_cluster_group(json.loads(reply.text))
        if call.service != "rds" or reply.status != 200:
            return await super().after(call, request, reply, account)
        text = reply.text
        if call.name == "DescribeDBSnapshots" and not any(k.startswith(("DB", "Filters")) for k in form):
            copies = [copy["xml"] for key, copy in self.copies.items() if key[:2] == where]
            elements = "".join(f"<DBSnapshot>{copy}</DBSnapshot>" for copy in copies)
            text = text.replace("</DBSnapshots>", f"{elements}</DBSnapshots>", 1)
            return web.Response(status=200, body=text.encode(), content_type="text/xml")
        if "DBInstance" not in call.name:
            return reply
        if call.name == "RestoreDBInstanceFromDBSnapshot":
            text = await self.mend_restore(where, call, form, text)
        if call.name in (*self.MAKES, "ModifyDBInstance"):
            self.mend_unshown_members(where, form, text)
            await self.mend_managed_password(where, form, text)
        if call.name == "DeleteDBInstance":
            await self.forget(where, lambda name: name == form["DBInstanceIdentifier"])
        if call.name == "DescribeDBInstances" and not any(k.startswith(("DBInstanceId", "Filters")) for k in form):
            there = set(re.findall(r"<DBInstanceIdentifier>([^<]*)<", text))
            await self.forget(where, lambda name: name not in there)
        text = each(text, "DBInstance", lambda one: self.show(where, one))
        return web.Response(status=200, body=text.encode(), content_type="text/xml")

    def mend_booleans(self, reply):
        """Health checks are described with True and False."""
        text = re.sub(">(True|False)<", lambda found: found[0].lower(), reply.text)
        headers = {name: reply.headers[name] for name in ("Location", "Content-Type") if name in reply.headers}
        return web.Response(status=reply.status, body=text.encode(), headers=headers)

    async def mend_managed_password(self, where, form, text):
        """ManageMasterUserPassword makes no secret for an instance. Here it does, under the name that RDS gives it."""
        asked, name = form.get("ManageMasterUserPassword"), form["DBInstanceIdentifier"]
        kept = self.secrets.get((*where, name))
        if asked == "false" and kept:
            await self.drop(where, name)
        if asked != "true" or kept and kept["resource"] == member(text, "DbiResourceId"):
            return
        if kept:
            await self.drop(where, name)
        resource, key = member(text, "DbiResourceId"), form.get("MasterUserSecretKmsKeyId")
        value = {"username": member(text, "MasterUsername"), "password": secrets.token_urlsafe(21)}
        made = {"Name": f"rds!db-{resource}", "SecretString": json.dumps(value)} | ({"KmsKeyId": key} if key else {})
        status, answer = await self.ask(*where, "secretsmanager", "CreateSecret", made)
        if status == 200:
            self.secrets[(*where, name)] = {"arn": json.loads(answer)["ARN"], "resource": resource, "key": key}

    def mend_unshown_members(self, where, form, text):
        """DescribeDBInstances leaves members out, or shows the same for all. Here it shows what was asked for."""
        shown = self.shown.setdefault((*where, form["DBInstanceIdentifier"]), {})
        shown.update({show: form[asked] for asked, show in self.UNSHOWN.items() if asked in form})
        logs = set(re.findall(r"<member>([^<]*)<", shown.get("EnabledCloudwatchLogsExports", "")))
        logs |= {v for k, v in form.items() if re.match(r"EnableCloudwatchLogsExports|.*EnableLogTypes", k)}
        logs -= {v for k, v in form.items() if re.match(r".*DisableLogTypes", k)}
        shown["EnabledCloudwatchLogsExports"] = "".join(f"<member>{log}</member>" for log in sorted(logs))

    async def mend_restore(self, where, call, form, text):
        """A restored instance has none of the settings and tags of the request, nor its snapshot's key."""
        name, snapshot = form["DBInstanceIdentifier"], form["DBSnapshotIdentifier"]
        copy = self.copies.get((*where, snapshot))
        if not copy:
            _, answer = await self.ask(*where, "rds", "DescribeDBSnapshots", {"DBSnapshotIdentifier": snapshot})
        key = member(copy["xml"] if copy else answer, "KmsKeyId")
        self.shown.pop((*where, name), None)
        if key:
            self.shown[(*where, name)] = {"KmsKeyId": key}
        kept = {k: v for k, v in form.items() if self.DROPPED.match(k)}
        await self.ask(*where, "rds", "ModifyDBInstance", {"DBInstanceIdentifier": name, "ApplyImmediately": "true", **kept})
        tags = {k: v for k, v in form.items() if k.startswith("Tags.")}
        await self.ask(*where, "rds", "AddTagsToResource", {"ResourceName": member(text, "DBInstanceArn"), **tags})
        _, now = await self.ask(*where, "rds", "DescribeDBInstances", {"DBInstanceIdentifier": name})
        one = re.search(r"<DBInstance>.*</DBInstance>", now, re.DOTALL)
        return re.sub(r"<DBInstance>.*</DBInstance>", lambda _: one[0], text, flags=re.DOTALL) if one else text

    async def mend_copy_snapshot(self, where, form):
        """CopyDBSnapshot is not there. The copy is the source under another name and key."""
        source, name = form["SourceDBSnapshotIdentifier"], form["TargetDBSnapshotIdentifier"]
        status, answer = await self.ask(*where, "rds", "DescribeDBSnapshots", {"DBSnapshotIdentifier": source})
        found = re.search(r"<DBSnapshot>(.*)</DBSnapshot>", answer, re.DOTALL)
        if status != 200 or not found:
            return web.Response(status=status if status != 200 else 404, text=answer, content_type="text/xml")
        arn = member(found[1], "DBSnapshotArn").rpartition(":")[0] + f":{name}"
        tags = "".join(f"<Tag><Key>{form[k]}</Key><Value>{form[k[:-3] + 'Value']}</Value></Tag>"
                       for k in form if k.startswith("Tags.") and k.endswith(".Key"))
        changes = {"DBSnapshotIdentifier": name, "DBSnapshotArn": arn, "KmsKeyId": form.get("KmsKeyId", ""),
                   "StorageEncrypted": "true", "Encrypted": "true", "TagList": tags,
                   "SnapshotCreateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        text = found[1]
        for key, value in changes.items():
            text = put(text, key, value)
        self.copies[(*where, name)] = {"xml": text, "source": source}
        return xml("CopyDBSnapshot", f"<DBSnapshot>{text}</DBSnapshot>")

    async def mend_tagged(self, where, asked, answer):
        """GetResources knows neither RDS, nor EC2, nor ElastiCache, nor load balancing. Here it does."""
        answer = await self.tagged.page(where, asked, answer)
        return web.json_response(answer, content_type="application/x-amz-json-1.1")

    def show(self, where, text):
        name = member(text, "DBInstanceIdentifier")
        for key, value in self.shown.get((*where, name), {}).items():
            text = put(text, key, value)
        secret = self.secrets.get((*where, name))
        if secret and secret["resource"] == member(text, "DbiResourceId"):
            key = f"<KmsKeyId>{secret['key']}</KmsKeyId>" if secret["key"] else ""
            text = put(text, "MasterUserSecret",
                       f"<SecretArn>{secret['arn']}</SecretArn><SecretStatus>active</SecretStatus>{key}")
        return text

    async def forget(self, where, gone):
        for kept in (self.secrets, self.shown):
            for name in [key[2] for key in kept if key[:2] == where and gone(key[2])]:
                if kept is self.secrets:
                    await self.drop(where, name)
                else:
                    del kept[(*where, name)]

    async def drop(self, where, name):
        """The managed secret goes with its database, without a window."""
        secret = self.secrets.pop((*where, name), None)
        if secret:
            await self.ask(*where, "secretsmanager", "DeleteSecret",
                           {"SecretId": secret["arn"], "ForceDeleteWithoutRecovery": True})


class Moto(Emulator):
    def __init__(self, ask):
        super().__init__(ask)
        self.groups, self.resources, self.distributions = {}, {}, Distributions()

    async def before(self, call, request, account):
        if call.name == "ModifyDBSubnetGroup":
            form = dict(call.form)
            arn = f"arn:aws:rds:{call.region}:{account}:subgrp:{form['DBSubnetGroupName']}"
            _, self.groups[arn] = await self.ask(account, call.region, "rds", "ListTagsForResource", {"ResourceName": arn})
        return await super().before(call, request, account)

    async def after(self, call, request, reply, account):
        reply = await super().after(call, request, reply, account)
        if call.service == "cloudfront" and "Distribution" in call.name and reply.status in (200, 201):
            return self.distributions.mend_origin_access(call, request, reply, account)
        if reply.status != 200:
            return reply
        if call.service == "s3" and call.name == "CreateBucket":
            await self.buckets.mend_tags_of_new(call, request, account)
        if call.service == "s3" and call.name in ROOTS:
            return self.buckets.mend_root(call, reply)
        if call.service == "rds" and call.name == "ModifyDBSubnetGroup":
            await self.mend_modify_subnet_group(call, account)
        if call.service == "rds" and "DBInstance" in call.name:
            return self.mend_resource_id(call, reply, account)
        if call.service == "eks" and call.name == "DescribeCluster":
            return self.mend_cluster_security_group(reply)
        if call.name in ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"):
            await self.mend_rule_description(call, reply, account)
        return reply

    async def mend_rule_description(self, call, reply, account):
        """A rule that admits a group loses its description. It gets it again by ModifySecurityGroupRules, which keeps it."""
        form, said = dict(call.form), "IpPermissions.1."
        description, rule = form.get(said + "Groups.1.Description"), member(reply.text, "securityGroupRuleId")
        if description and rule:
            asked = {"Description": description, "ReferencedGroupId": form[said + "Groups.1.GroupId"]}
            asked |= {name: form[said + name] for name in ("IpProtocol", "FromPort", "ToPort") if said + name in form}
            changed = {f"SecurityGroupRule.1.SecurityGroupRule.{name}": value for name, value in asked.items()}
            form = {"GroupId": form["GroupId"], "SecurityGroupRule.1.SecurityGroupRuleId": rule, **changed}
            await self.ask(account, call.region, "ec2", "ModifySecurityGroupRules", form)

    async def mend_modify_subnet_group(self, call, account):
        """ModifyDBSubnetGroup loses the group. It is made again, as changed, with its tags."""
        form = {k: v for k, v in call.form if k not in ("Action", "Version")}
        arn = f"arn:aws:rds:{call.region}:{account}:subgrp:{form['DBSubnetGroupName']}"
        tags = re.findall(r"<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>", self.groups.pop(arn, ""))
        for i, (key, value) in enumerate(tags, 1):
            form |= {f"Tags.Tag.{i}.Key": key, f"Tags.Tag.{i}.Value": value}
        form.setdefault("DBSubnetGroupDescription", "kept")
        await self.ask(account, call.region, "rds", "CreateDBSubnetGroup", form)

    def mend_resource_id(self, call, reply, account):
        """A restored instance has the DbiResourceId of the one that its snapshot is of. Here it has its own."""
        form, where = dict(call.form), (account, call.region)
        name = form.get("DBInstanceIdentifier") or form.get("TargetDBInstanceIdentifier")
        if call.name.startswith("RestoreDBInstance"):
            self.resources[(*where, name)] = f"db-{secrets.token_hex(13).upper()}"
        if call.name == "CreateDBInstance":
            self.resources.pop((*where, name), None)

        def show(text):
            own = self.resources.get((*where, member(text, "DBInstanceIdentifier")))
            return put(text, "DbiResourceId", own) if own else text
        text = each(reply.text, "DBInstance", show)
        return web.Response(status=200, body=text.encode(), content_type="text/xml")

    def mend_cluster_security_group(self, reply):
        """DescribeCluster has no clusterSecurityGroupId: it is the group that the cluster was made with."""
        answer = json.loads(reply.text)
        network = answer["cluster"].get("resourcesVpcConfig", {})
        groups = network.get("securityGroupIds") or []
        if groups and not network.get("clusterSecurityGroupId"):
            network["clusterSecurityGroupId"] = groups[0]
        return web.json_response(answer)


EMULATORS = {"ministack": Ministack, "moto": Moto}
