"""Reads an AWS request off the wire by botocore's service models: which service, which operation, which members.

identify(request) names the call; decode(call, request) gives its members as Python values and what could not be read.
The judging of the values is the job of rules.py.
"""
import base64
import functools
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

import botocore.loaders
import botocore.utils
from botocore.model import ServiceModel

LOADER = botocore.loaders.Loader()

# The name in the credential scope, where botocore files the service under another one.
FILED_UNDER = {
    "aoss": ["opensearchserverless"], "apigateway": ["apigateway", "apigatewayv2"], "elasticfilesystem": ["efs"],
    "elasticloadbalancing": ["elbv2", "elb"], "email": ["sesv2", "ses"], "es": ["opensearch"],
    "execute-api": [], "monitoring": ["cloudwatch"], "states": ["stepfunctions"], "tagging": ["resourcegroupstaggingapi"],
}
READS = re.compile(r"(Get|List|Describe|Head|BatchGet|Search|Lookup|Query|Scan|Select|Simulate|Validate|Check(?!point)"
                   r"|AssumeRole|AssumeRoot|Decode|Estimate|Filter|Download|Encrypt|Decrypt|ReEncrypt|GenerateDataKey"
                   r"|GenerateMac|GenerateRandom|DeriveSharedSecret|Sign|Verify)(?![a-z])")
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass
class Request:
    """One HTTP request: header names in lower case, target with its query string."""
    method: str
    target: str
    headers: dict
    body: bytes = b""

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)


@dataclass
class Call:
    """What a request asks for. `operation` is None, and `problem` says why, when no model knows it."""
    principal: str = ""
    region: str = ""
    service: str = ""
    protocol: str = ""
    name: str = ""
    operation: object = None
    problem: str = ""
    form: list = field(default_factory=list)
    labels: dict = field(default_factory=dict)

    @property
    def mutating(self):
        return self.operation is not None and not READS.match(self.name)


@functools.cache
def model(service):
    return ServiceModel(LOADER.load_service_model(service, "service-2"), service)


def models(signing_name):
    for service in FILED_UNDER.get(signing_name, [signing_name]):
        try:
            yield model(service)
        except botocore.exceptions.UnknownServiceError:
            continue


def identify(request):
    call = Call()
    scope = CREDENTIAL.search(request.headers.get("authorization", ""))
    if not scope:
        call.problem = "no credential scope in the Authorization header"
        return call
    call.principal, call.region, call.service = scope.groups()
    known = list(models(call.service))
    if not known:
        call.problem = f"no model for service {call.service!r}"
        return call
    for candidate in known:
        if _match(call, candidate, request):
            call.service = candidate.service_name
            call.operation = candidate.operation_model(call.name)
            return call
    call.problem = call.problem or f"no operation of {call.service} fits {request.method} {request.path}"
    return call


def _match(call, service, request):
    headers = request.headers
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        call.protocol, call.name = "cbor", request.path.rsplit("/", 1)[-1]
        return _exists(call, service)
    if target := headers.get("x-amz-target"):
        prefix, _, call.name = target.rpartition(".")
        call.protocol = "json"
        return prefix == service.metadata.get("targetPrefix") and _exists(call, service)
    protocol = _protocol(service)
    if protocol in ("query", "ec2"):
        call.protocol = protocol
        call.form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True) or request.query
        fields = dict(call.form)
        call.name = fields.get("Action", "")
        if fields.get("Version") != service.api_version:
            call.problem = f"API version {fields.get('Version')!r}, not {service.api_version!r}"
            return False
        return _exists(call, service)
    return protocol.startswith("rest") and _route(call, service, protocol, request)


def _protocol(service):
    """The protocol that carries a form or a path, among those the model lists."""
    listed = service.metadata.get("protocols") or [service.metadata["protocol"]]
    return next((p for p in listed if p in ("query", "ec2", "rest-json", "rest-xml")), service.metadata["protocol"])


def _exists(call, service):
    if call.name in service.operation_names:
        return True
    call.problem = f"{service.service_name} has no operation {call.name!r}"
    return False


@functools.cache
def routes(service_name):
    """[(operation, method, path pattern, its labels, query and headers that must be there)], what asks for most first."""
    table = []
    service = model(service_name)
    for name in service.operation_names:
        operation = service.operation_model(name)
        http = operation.http
        path, _, query = http["requestUri"].partition("?")
        # The SDKs do not all send the slash at the end of a path, as of ChangeResourceRecordSets.
        path = path.rstrip("/")
        # A key without a value ("?tagging") asks for the key, one with a value ("?Operation=Tag") for both.
        needed = parse_qsl(query, keep_blank_values=True) + [(key, "") for key in _required_in_query(operation)]
        headers = _required_in_headers(operation)
        literals = re.split(r"\{[^}]*\}", path)
        labels = re.findall(r"\{([^}+]*)(\+?)\}", path)
        pattern = "".join(re.escape(a) + b for a, b in zip(literals, ["(.+)" if greedy else "([^/]+)" for _, greedy in labels] + [""]))
        # A deprecated operation's successor may have the same route.
        order = (operation.deprecated, -len(needed), -sum(map(len, literals)), -len(headers))
        table.append((*order, name, http["method"], re.compile(pattern + "/?$"), [x for x, _ in labels], needed, headers))
    return [row[4:] for row in sorted(table, key=lambda row: row[:5])]


def _required_in_query(operation):
    shape = operation.input_shape
    for name in shape.required_members if shape else []:
        if shape.members[name].serialization.get("location") == "querystring":
            yield shape.members[name].serialization.get("name", name)


def _required_in_headers(operation):
    """What tells CopyObject from PutObject."""
    shape = operation.input_shape
    inputs = [(name, shape.members[name].serialization) for name in shape.required_members] if shape else []
    return [place.get("name", name).lower() for name, place in inputs if place.get("location") == "header"]


def _route(call, service, protocol, request):
    sent = dict(request.query)
    fallback = None
    for name, method, pattern, labels, needed, headers in routes(service.service_name):
        found = method == request.method and pattern.match(request.path)
        if not found:
            continue
        values = {label: unquote(value) for label, value in zip(labels, found.groups())}
        there = all(header in request.headers for header in headers)
        if there and all(key in sent and value in ("", sent[key]) for key, value in needed):
            call.protocol, call.name, call.labels = protocol, name, values
            return True
        fallback = fallback or (name, values)
    if fallback:    # the path is an operation's; what its query and headers lack is for rules.py to say
        call.protocol, (call.name, call.labels) = protocol, fallback
    return fallback is not None


class Unread(list):
    """What could not be read, as violations. `whole`: the service's patterns mean the whole value."""
    whole = False

    def add(self, kind, path, message):
        self.append({"kind": kind, "path": path, "message": message})


def decode(call, request):
    """(members by their names in the model, violations found while reading)."""
    unread = Unread()
    shape = call.operation.input_shape
    if shape is None:
        return {}, unread
    if call.protocol in ("query", "ec2"):
        return _form(shape, _tree(call.form), "", call.protocol == "ec2", unread), unread
    if call.protocol == "cbor":
        import cbor2
        return _document(shape, cbor2.loads(request.body) if request.body else {}, "", unread, binary=True), unread
    if call.protocol == "json":
        return _document(shape, _parse_json(request.body, unread), "", unread), unread
    return _rest(call, shape, request, unread), unread


# --- forms (query, ec2) ---------------------------------------------------------------------------------------------

def _tree(form):
    root = {}
    for name, value in form:
        if name in ("Action", "Version"):
            continue
        *parents, last = name.split(".")
        node = root
        for part in parents:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                node = {}
        node[last] = value
    return root


def _wire_name(member, name, ec2):
    if not ec2:
        return member.serialization.get("name", name)
    if "queryName" in member.serialization:
        return member.serialization["queryName"]
    name = member.serialization.get("name", name)
    return name[0].upper() + name[1:]


def _form(shape, node, path, ec2, unread):
    kind = shape.type_name
    if kind not in ("structure", "list", "map"):
        if isinstance(node, dict):
            return unread.add("type", path, f"members under a {kind}")
        return scalar(shape, node, path, unread)
    if not isinstance(node, dict):
        return {"structure": {}, "map": {}, "list": []}[kind] if node == "" else unread.add("type", path, f"text for a {kind}")
    if kind == "structure":
        names = {_wire_name(member, name, ec2): (name, member) for name, member in shape.members.items()}
        known = {}
        for wire, value in node.items():
            if wire in names:
                name, member = names[wire]
                known[name] = _form(member, value, join(path, name), ec2, unread)
            else:
                unread.add("unknown", join(path, wire), "no such member")
        return known
    if kind == "list":
        return _form_list(shape, node, path, ec2, unread)
    return _form_map(shape, node, path, ec2, unread)


def _numbered(node, path, unread):
    """The values under "1", "2", …; anything else, or a gap, is reported."""
    if any(not key.isdigit() for key in node):
        unread.add("unknown", path, f"not numbered: {sorted(node)}")
        return []
    numbers = sorted(node, key=int)
    if numbers != [str(i + 1) for i in range(len(numbers))]:
        unread.add("type", path, f"numbers are not 1, 2, …: {numbers}")
    return [node[number] for number in numbers]


def _form_list(shape, node, path, ec2, unread):
    if not (ec2 or shape.serialization.get("flattened")):
        wrapper = shape.member.serialization.get("name", "member")
        if set(node) != {wrapper}:
            unread.add("unknown", path, f"members must be under {wrapper!r}, not {sorted(node)}")
            return []
        node = node[wrapper]
        if not isinstance(node, dict):
            return [] if node == "" else unread.add("type", path, "text for a list")
    return [_form(shape.member, item, f"{path}[{i}]", ec2, unread) for i, item in enumerate(_numbered(node, path, unread))]


def _form_map(shape, node, path, ec2, unread):
    if not shape.serialization.get("flattened"):
        node = node.get("entry", {})
    key_name, value_name = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    entries = {}
    for entry in _numbered(node, path, unread):
        if not isinstance(entry, dict) or key_name not in entry:
            unread.add("type", path, "a map's entry without its key")
            continue
        entries[entry[key_name]] = _form(shape.value, entry.get(value_name, ""), join(path, entry[key_name]), ec2, unread)
    return entries


def scalar(shape, text, path, unread):
    """A value that came as text: form, header, label, query string, XML."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        if kind == "timestamp":
            botocore.utils.parse_timestamp(text)
        if kind == "blob":
            return base64.b64decode(text, validate=True)
        return text
    except (ValueError, KeyError):
        return unread.add("type", path, f"{text[:60]!r} is no {kind}")


# --- documents (json, cbor, rest-json) ------------------------------------------------------------------------------

JSON_TYPES = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool,
              "integer": int, "long": int, "float": (int, float), "double": (int, float)}


def _parse_json(body, unread):
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        unread.add("type", "", f"the body is no JSON: {error}")
        return {}


def _document(shape, value, path, unread, binary=False):
    if value is None:
        return None
    kind = shape.type_name
    wanted = JSON_TYPES.get(kind)
    if shape.metadata.get("document"):
        return value
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean")):
        return unread.add("type", path, f"{type(value).__name__} for a {kind}")
    if kind == "structure":
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        known = {}
        for wire, item in value.items():
            if wire not in names:
                unread.add("unknown", join(path, wire), "no such member")
                continue
            name, member = names[wire]
            known[name] = _document(member, item, join(path, name), unread, binary)
        return known
    if kind == "list":
        return [_document(shape.member, item, f"{path}[{i}]", unread, binary) for i, item in enumerate(value)]
    if kind == "map":
        return {key: _document(shape.value, item, join(path, key), unread, binary) for key, item in value.items()}
    if kind == "blob" and not binary:
        return scalar(shape, str(value), path, unread)
    return value


# --- REST -----------------------------------------------------------------------------------------------------------

def _rest(call, shape, request, unread):
    values, in_body = {}, {}
    query = request.query
    _odd_parameters(call, shape, query, unread)
    for name, member in shape.members.items():
        place, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            values[name] = scalar(member, call.labels.get(wire, ""), name, unread)
        elif place == "querystring":
            _take_query(values, name, member, wire, query, unread)
        elif place == "header":
            if (text := request.headers.get(wire.lower())) is not None:
                values[name] = text if member.type_name == "timestamp" else scalar(member, text, name, unread)
        elif place == "headers":
            prefix = wire.lower()
            values[name] = {k[len(prefix):]: v for k, v in request.headers.items() if k.startswith(prefix)}
        else:
            in_body[name] = member
    values.update(_rest_body(call, shape, in_body, request.body, unread))
    return values


def _odd_parameters(call, shape, query, unread):
    """Query parameters that are neither members nor part of the route. S3's x-id names the operation for people."""
    inputs = [m for m in shape.members.values() if m.serialization.get("location") == "querystring"]
    if any(member.type_name == "map" for member in inputs):
        return
    known = {member.serialization.get("name") for member in inputs} | {"x-id"}
    known |= {key for key, _ in parse_qsl(call.operation.http["requestUri"].partition("?")[2], keep_blank_values=True)}
    for key in sorted({key for key, _ in query} - known):
        unread.add("unknown", f"?{key}", "no such query parameter")


def _take_query(values, name, member, wire, query, unread):
    if member.type_name == "map":
        return
    texts = [value for key, value in query if key == wire]
    if member.type_name == "list" and texts:
        values[name] = [scalar(member.member, text, name, unread) for text in texts]
    elif texts:
        values[name] = scalar(member, texts[0], name, unread)


def _rest_body(call, shape, members, body, unread):
    payload = shape.serialization.get("payload")
    if payload and payload in members:
        member = members[payload]
        if member.type_name in ("blob", "string"):
            return {payload: body} if body else {}
        return {payload: _rest_document(call, member, body, unread)} if body else {}
    if not members:
        if body.strip() not in (b"", b"{}"):
            unread.add("unknown", "", "a body where the operation takes none")
        return {}
    only = type("Body", (), {"type_name": "structure", "members": members, "metadata": {}, "serialization": {}})
    return _rest_document(call, only, body, unread) or {} if body else {}


def _rest_document(call, shape, body, unread):
    if call.protocol == "rest-json":
        return _document(shape, _parse_json(body, unread), "", unread)
    try:
        return _xml(shape, ElementTree.fromstring(body), "", unread)
    except ElementTree.ParseError as error:
        return unread.add("type", "", f"the body is no XML: {error}")


def _local(element):
    return element.tag.rpartition("}")[2]


def _xml(shape, element, path, unread):
    kind = shape.type_name
    if kind == "structure":
        names = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items() if not m.serialization.get("xmlAttribute")}
        known = {}
        for child in element:
            if _local(child) not in names:
                unread.add("unknown", join(path, _local(child)), "no such member")
                continue
            name, member = names[_local(child)]
            if member.type_name == "list" and member.serialization.get("flattened"):
                known.setdefault(name, []).append(_xml(member.member, child, join(path, name), unread))
            else:
                known[name] = _xml(member, child, join(path, name), unread)
        return known
    if kind == "list":
        return [_xml(shape.member, child, f"{path}[{i}]", unread) for i, child in enumerate(element)]
    if kind == "map":
        key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        return {entry.findtext(f"{{*}}{key}"): entry.findtext(f"{{*}}{value}") for entry in element}
    return scalar(shape, element.text or "", path, unread)


def join(path, name):
    return f"{path}.{name}" if path else name
