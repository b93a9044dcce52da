"""Makes RDS take its time: the emulators' databases are there at once, and gone at once.

A database made from now on is `creating` for that long, without an endpoint. One that is deleted is shown as `deleting`
for that long; its name is held, and it takes no changes.
"""
import re
import time

from answers import each, member, modelled_error, put, xml

# Element: its status, the code for one that is not there, the code for a name that is taken, the code for a wrong state.
KINDS = {
    "DBInstance": ("DBInstanceStatus", "DBInstanceNotFound", "DBInstanceAlreadyExists", "InvalidDBInstanceState"),
    "DBCluster": ("Status", "DBClusterNotFoundFault", "DBClusterAlreadyExistsFault", "InvalidDBClusterStateFault"),
}
CALL = re.compile(r"(Create|Restore|Modify|Delete|Describe)(DBInstance|DBCluster)(s|FromDBSnapshot|FromSnapshot|ToPointInTime)?$")


class SlowDatabases:
    def __init__(self, seconds):
        self.seconds, self.coming, self.going = seconds, {}, {}

    def before(self, call):
        """What is refused because a database is still going."""
        found, (kind, name) = CALL.match(call.name), target(call)
        if not found or found[1] == "Describe" or not self.is_going(kind, name):
            return None
        _, _, taken, state = KINDS[kind]
        return modelled_error(call.protocol, 400, taken if found[1] in ("Create", "Restore") else state)

    def after(self, call, reply):
        found, (kind, name) = CALL.match(call.name), target(call)
        if not found:
            return reply
        if found[1] == "Describe":
            return self.describe(reply, kind, name)
        if reply.status != 200:
            return reply
        until = time.monotonic() + self.seconds
        if found[1] in ("Create", "Restore"):
            self.coming[kind, name] = until
        if found[1] == "Delete":
            element = re.search(rf"<{kind}>(.*)</{kind}>", reply.text, re.DOTALL)
            self.going[kind, name] = (until, put(element[1], KINDS[kind][0], "deleting"))
        return self.retold(reply, reply.text)

    def describe(self, reply, kind, name):
        ghosts = [ghost for (of, other), (_, ghost) in self.going.items()
                  if of == kind and self.is_going(of, other) and name in ("", other)]
        elements = "".join(f"<{kind}>{ghost}</{kind}>" for ghost in ghosts)
        if reply.status != 200:
            return xml(f"Describe{kind}s", f"<{kind}s>{elements}</{kind}s>") if ghosts else reply
        text = re.sub(rf"<{kind}s\s*/>", f"<{kind}s></{kind}s>", reply.text)
        return self.retold(reply, text.replace(f"</{kind}s>", f"{elements}</{kind}s>", 1) if ghosts else text)

    def retold(self, reply, text):
        for kind in KINDS:
            text = each(text, kind, lambda one: self.one(one, kind))
        return type(reply)(status=reply.status, body=text.encode(), content_type="text/xml")

    def one(self, text, kind):
        name, status = member(text, f"{kind}Identifier").lower(), KINDS[kind][0]
        if self.coming.get((kind, name), 0) < time.monotonic() or member(text, status) != "available":
            return text
        return re.sub(r"<Endpoint>.*?</Endpoint>", "", put(text, status, "creating"), flags=re.DOTALL)

    def is_going(self, kind, name):
        return self.going.get((kind, name), (0, ""))[0] > time.monotonic()


def target(call):
    """What the call is about: the kind of database, and its name if it names one."""
    found, form = CALL.match(call.name), dict(call.form)
    kind = found[2] if found else ""
    name = form.get(f"{kind}Identifier") or form.get(f"Target{kind}Identifier") or ""
    return kind, name.rpartition(":")[2].lower()
