"""Makes ACM wait for DNS: the emulators issue every certificate at once or after a minute, whatever stands in any zone.

All certificates of the account are shown with one status, and with their domains as far as that status says.
"""
import json

from aiohttp import web

DOMAINS = {"PENDING_VALIDATION": "PENDING_VALIDATION", "VALIDATION_TIMED_OUT": "FAILED", "FAILED": "FAILED"}


class HeldCertificates:
    def __init__(self, status):
        self.status = status

    def after(self, call, reply):
        """The answer, as it would be in that status."""
        if call.name not in ("DescribeCertificate", "ListCertificates") or reply.status != 200:
            return reply
        answer = json.loads(reply.text)
        for summary in answer.get("CertificateSummaryList", []):
            summary["Status"] = self.status
        if detail := answer.get("Certificate"):
            detail["Status"] = self.status
            for absent in ("IssuedAt", "NotBefore", "NotAfter"):
                detail.pop(absent, None)
            for domain in detail["DomainValidationOptions"]:
                domain["ValidationStatus"] = DOMAINS[self.status]
        return web.json_response(answer, content_type="application/x-amz-json-1.1")
