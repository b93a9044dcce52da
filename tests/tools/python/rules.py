"""Judges a decoded AWS request by its model: required members, lengths, ranges, patterns, enums, unions."""
import functools

import regex

from wire import decode, join


def check(call, request):
    """[{kind, path, message, level}]: level `error` is what AWS refuses, `warning` what it may."""
    if call.operation is None:
        return [{"kind": "operation", "path": "", "message": call.problem, "level": "error"}]
    members, found = decode(call, request)
    found.whole = not _anchors(call.operation.service_model)
    if call.operation.input_shape is not None:
        judge(call.operation.input_shape, members, "", found)
    for violation in found:
        violation.setdefault("level", "error")
    return list(found)


def token(call, request):
    """The idempotency token that the request carries, if its operation takes one."""
    shape = call.operation.input_shape if call.operation else None
    if shape is None:
        return None
    members, _ = decode(call, request)
    return next((members.get(name) for name, member in shape.members.items() if member.metadata.get("idempotencyToken")), None)


def judge(shape, value, path, found):
    if value is None:
        return
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        _structure(shape, value, path, found)
    elif kind == "list":
        _between(len(value), limits, "length", path, "members", found)
        for i, item in enumerate(value):
            judge(shape.member, item, f"{path}[{i}]", found)
    elif kind == "map":
        _between(len(value), limits, "length", path, "entries", found)
        for key, item in value.items():
            judge(shape.key, key, f"{path} key {key!r}", found)
            judge(shape.value, item, join(path, key), found)
    elif kind == "string" and isinstance(value, str):
        _string(value, limits, path, found)
    elif kind == "blob":
        _between(len(value), limits, "length", path, "bytes", found)
    elif kind in ("integer", "long", "float", "double"):
        _between(value, limits, "range", path, "", found)


def _structure(shape, value, path, found):
    if shape.metadata.get("document") or not isinstance(value, dict):
        return
    unreadable = {violation["path"] for violation in found}
    for name in shape.required_members:
        absent = value.get(name) is None and join(path, name) not in unreadable
        if absent and not shape.members[name].metadata.get("idempotencyToken"):
            found.add("missing", join(path, name), "required")
    if shape.members.keys() >= {"Quantity", "Items"} and value.get("Quantity") != len(value.get("Items") or []):
        found.add("quantity", path, f"Quantity {value.get('Quantity')} with {len(value.get('Items') or [])} Items")
    present = [name for name, item in value.items() if item is not None]
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        found.add("union", path, f"exactly one member, not {present}")
    for name in present:
        judge(shape.members[name], value[name], join(path, name), found)


def _between(number, limits, kind, path, unit, found):
    low, high = limits.get("min"), limits.get("max")
    if low is not None and number < low:
        found.add(kind, path, f"{number} {unit} is less than {low}")
    if high is not None and number > high:
        found.add(kind, path, f"{number} {unit} is more than {high}")


def _string(value, limits, path, found):
    _between(len(value), limits, "length", path, "characters", found)
    if limits.get("enum") and value not in limits["enum"]:
        found.add("enum", path, f"{value[:60]!r} is none of {limits['enum'][:12]}")
    pattern = _compiled(limits.get("pattern"))
    if pattern is None:
        return
    if not pattern.search(value):
        found.add("pattern", path, f"{value[:80]!r} does not match {limits['pattern']}")
    elif not pattern.fullmatch(value):
        found.add("pattern", path, f"only a part of {value[:80]!r} matches {limits['pattern']}")
        found[-1]["level"] = "error" if found.whole and not limits["pattern"].startswith("^") else "warning"


@functools.cache
def _anchors(service):
    """Whether this service's model writes ^…$ where a pattern means the whole value; if none does, all of them do."""
    patterns = (service.shape_for(name).metadata.get("pattern", "") for name in service.shape_names)
    return any(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)


@functools.cache
def _compiled(pattern):
    """None for no pattern, and for one in a dialect that Python cannot read."""
    try:
        return regex.compile(pattern) if pattern else None
    except regex.error:
        return None
