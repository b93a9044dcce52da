"""What the documentation asks of the AWS CLI: `aws SERVICE OPERATION --parameter value`, `wait`, `--query` and `--output`.

The commands are those of the AWS CLI, whose parameters are the members of the operation's input (AWS CLI user guide,
"Specifying parameter values"). The endpoint and the credentials come from the environment.
"""

import json
import re
import sys

import boto3
import jmespath
from botocore import xform_name


def main():
    service, operation, *rest = sys.argv[1:]
    # The operations of S3 are those of `aws s3api`.
    client = boto3.client("s3" if service == "s3api" else service)
    waiter = None
    if operation == "wait":
        waiter, rest = rest[0], rest[1:]
    flags = parsed(rest)
    query, output = (flags.pop(name, [None])[0] for name in ("query", "output"))
    if waiter:
        waiter = client.get_waiter(waiter.replace("-", "_"))
        waiter.wait(**arguments(client, waiter.config.operation, flags), WaiterConfig={"Delay": 1})
        return
    name = next(name for name in client.meta.service_model.operation_names if kebab(name) == operation)
    answer = getattr(client, xform_name(name))(**arguments(client, name, flags))
    answer.pop("ResponseMetadata")
    shown = jmespath.search(query, answer) if query else answer
    print(shown if output == "text" else json.dumps(shown, indent=4, default=str))


def kebab(name):
    return xform_name(name, "-")


def parsed(words):
    """Flags with the values that follow them."""
    flags = {}
    for word in words:
        if word.startswith("--"):
            last = flags.setdefault(word[2:], [])
        else:
            last.append(word)
    return flags


def arguments(client, operation, flags):
    members = client.meta.service_model.operation_model(operation).input_shape.members
    named = {kebab(name): name for name in members}
    for flag in flags:
        if flag not in named:
            sys.exit(f"aws: {operation} has no --{flag}; it has {', '.join(sorted(named))}")
    return {named[flag]: value(members[named[flag]], words) for flag, words in flags.items()}


def value(shape, words):
    words = [read(word) for word in words]
    if shape.type_name == "list":
        return [shorthand(word) if shape.member.type_name == "structure" else word for word in words]
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "integer":
        return int(words[0])
    if shape.type_name in ("structure", "map"):
        return json.loads(words[0])
    return words[0]


def shorthand(word):
    """A structure as `Key=a,Value=b`."""
    return dict(pair.split("=", 1) for pair in word.split(","))


def read(word):
    path = re.fullmatch(r"file://(.*)", word)
    return open(path[1], encoding="utf-8").read() if path else word


main()
