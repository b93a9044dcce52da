"""Hands in an AWS account, for tests: one line of JSON in, one line out, over stdin and stdout.

    in   {"service": "rds", "op": "describe_db_instances", "args": {…}, "region": "eu-west-1", "account": "111122223333"}
         "all": "DBInstances" follows the pages and answers that member's items, which may lie deeper, as in
         "DistributionList.Items"; "unchecked": true lets botocore send
         what its own models forbid
    out  {"ok": {…}} or {"error": {"code": "DBInstanceNotFound", "message": "…"}}, with the "id" of what was asked
The environment variable TERRACE_AWS_ENDPOINT is the checker, which mends the emulator and, by a header, lets these calls
pass uncounted. The account goes as the access key.
"""
import datetime
import functools
import json
import os
import sys

import boto3
import botocore.config
import botocore.exceptions


@functools.cache
def client(service, region, account, unchecked):
    made = boto3.client(
        service, region_name=region, endpoint_url=os.environ["TERRACE_AWS_ENDPOINT"],
        aws_access_key_id=account, aws_secret_access_key="test",
        config=botocore.config.Config(retries={"max_attempts": 2}, parameter_validation=not unchecked,
                                      s3={"addressing_style": "path"}))
    made.meta.events.register("before-sign.*.*", lambda request, **_: request.headers.add_header("x-test-hands", "1"))
    return made


def call(asked):
    aws = client(asked["service"], asked.get("region", "eu-west-1"), asked["account"], asked.get("unchecked", False))
    args = asked.get("args") or {}
    if not asked.get("all"):
        answer = getattr(aws, asked["op"])(**args)
        answer.pop("ResponseMetadata", None)
        return answer
    if not aws.can_paginate(asked["op"]):
        return items(getattr(aws, asked["op"])(**args), asked["all"])
    return [item for page in aws.get_paginator(asked["op"]).paginate(**args) for item in items(page, asked["all"])]


def items(answer, path):
    for name in path.split("."):
        answer = answer.get(name) or {}
    return answer or []


def plain(value):
    """What JSON does not know: times, bytes, streams."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.read().decode("utf-8", "replace") if hasattr(value, "read") else str(value)


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"ok": call(asked)}
        except botocore.exceptions.ClientError as error:
            answer = {"error": {"code": error.response["Error"].get("Code", ""), "message": str(error)}}
        except Exception as error:  # the test reads what went wrong, and the next line is still served
            answer = {"error": {"code": type(error).__name__, "message": str(error)}}
        print(json.dumps({"id": asked.get("id"), **answer}, default=plain), flush=True)


if __name__ == "__main__":
    main()
