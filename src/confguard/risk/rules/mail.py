"""Mail: who may send in a domain's name, and what becomes of mail that fails the test."""

from __future__ import annotations

import re

from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict

__all__ = ["SenderPolicy"]

_ALL = re.compile(r"([-~?+]?)all\b")
_STRICT = {"-": 3, "~": 2, "?": 1, "+": 0, "": 0}
_DMARC = re.compile(r"\bp\s*=\s*(none|quarantine|reject)", re.IGNORECASE)
_HARSH = ("none", "quarantine", "reject")


class SenderPolicy(EditRule):
    code = "CG428"
    title = "a domain's mail policy changed"
    reason = "Mail of a sender that is left out is refused everywhere; a policy that lets all pass invites forgery."
    advice = "Read the reports of a month for who sends in your name, first."
    example = Example(
        'txt = "v=spf1 include:_spf.example.com include:mail.example.net -all"\n',
        'txt = "v=spf1 include:_spf.example.com -all"\n',
        'txt = "v=spf1 include:_spf.example.com include:mail.example.net include:b.example.net -all"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A sender that went, a weaker `all`, another policy of DMARC."""
        before, after = str(edit.before), str(edit.after)
        if before.startswith("v=DMARC1") and after.startswith("v=DMARC1"):
            return _of_dmarc(before, after)
        if not before.startswith("v=spf1") or not after.startswith("v=spf1"):
            return None
        senders = [
            {each for each in text.split()[1:] if not _ALL.fullmatch(each)} for text in (before, after)
        ]
        gone = sorted(senders[0] - senders[1])
        if gone:
            return f"{gone[0]} may not send any more"
        was, now = _ALL.search(before), _ALL.search(after)
        weaker = was is not None and now is not None and _STRICT[now[1]] < _STRICT[was[1]]
        return f"from {was[0]} to {now[0]}" if weaker and was and now else None


def _of_dmarc(before: str, after: str) -> Verdict:
    was, now = _DMARC.search(before), _DMARC.search(after)
    if was is None or now is None or was[1].lower() == now[1].lower():
        return None
    steps = _HARSH.index(now[1].lower()) - _HARSH.index(was[1].lower())
    return f"from p={was[1]} to p={now[1]}" if steps < 0 or steps == 2 else None
