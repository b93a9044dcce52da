"""Completes what ministack lacks of ACM; see mend.py."""
import json

from aiohttp import web

# What a list shows as a description does.
ALIKE = ("CreatedAt", "IssuedAt", "KeyAlgorithm", "RenewalEligibility", "Status", "Type")
# The most names of a certificate that a list shows.
MOST_NAMES = 100


class Certificates:
    """The certificates of all accounts, which the emulator knows whole."""

    def __init__(self, ask):
        self.ask = ask

    async def mend_list(self, where, answer):
        """ListCertificates shows neither names, nor keys, nor when a certificate was asked for."""
        for summary in answer.get("CertificateSummaryList", []):
            asked = {"CertificateArn": summary["CertificateArn"]}
            status, text = await self.ask(*where, "acm", "DescribeCertificate", asked)
            if status != 200:
                continue
            found = json.loads(text)["Certificate"]
            names = found.get("SubjectAlternativeNames", [])
            summary |= {name: found[name] for name in ALIKE if name in found}
            summary["SubjectAlternativeNameSummaries"] = names[:MOST_NAMES]
            summary["HasAdditionalSubjectAlternativeNames"] = len(names) > MOST_NAMES
        return web.json_response(answer, content_type="application/x-amz-json-1.1")
