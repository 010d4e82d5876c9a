"""Formats of tokens whose issuers gave them a prefix: facts of length and alphabet, one line each."""

from __future__ import annotations

import re

from sluicegate.frozen import frozen

__all__ = ["FORMATS", "Format"]

_ALPHABETS = {
    "A": "[A-Za-z0-9]",
    "U": "[A-Z0-9]",
    "L": "[a-z0-9]",
    "W": r"[A-Za-z0-9_\-]",
    "E": r"[A-Za-z0-9_\-=]",
    "X": "[a-f0-9]",
    "B": "[A-Za-z0-9+/]",
    "D": "[0-9]",
}


@frozen
class Format:
    """One kind of token: literal prefix, then `tail`."""

    name: str
    prefix: str
    tail: re.Pattern[str]
    lead: re.Pattern[str] | None = None
    """What stands before the prefix, where the literal part is in the middle of the token."""
    entropy: float
    """Shannon entropy in bits a character that the whole token has at least; dummies of one letter have less."""


def _format(name: str, prefix: str, tail: str, entropy: float = 3.0, lead: str = "") -> Format:
    """`%A{36}` in a tail stands for 36 of an alphabet of the table above."""
    before = re.compile(_spelled(lead) + r"\Z") if lead else None
    return Format(name=name, prefix=prefix, tail=re.compile(_spelled(tail)), lead=before, entropy=entropy)


def _spelled(pattern: str) -> str:
    return re.sub(r"%([A-Z])", lambda found: _ALPHABETS[found[1]], pattern)


_END = r"(?![A-Za-z0-9])"

FORMATS: tuple[Format, ...] = tuple(
    _format(*line)
    for line in (
        # Model providers
        ("anthropic api key", "sk-ant-api", r"%D{2}-%W{93}AA" + _END),
        ("anthropic admin key", "sk-ant-admin", r"%D{2}-%W{93}AA" + _END),
        ("openai key", "sk-proj-", r"%W{20,200}"),
        ("openai service key", "sk-svcacct-", r"%W{20,200}"),
        ("openai admin key", "sk-admin-", r"%W{20,200}"),
        ("openai key", "sk-", r"%A{20}T3BlbkFJ%A{20}"),
        ("secret key", "sk-", r"(?=%A{0,30}%D)%A{40,64}" + _END, 4.0),
        ("openrouter key", "sk-or-v1-", r"%X{64}"),
        ("perplexity key", "pplx-", r"%A{48}"),
        ("groq key", "gsk_", r"%A{52}"),
        ("xai key", "xai-", r"%A{80}"),
        ("hugging face token", "hf_", r"[A-Za-z]{34}" + _END, 3.0),
        ("hugging face organisation token", "api_org_", r"[A-Za-z]{34}" + _END, 3.0),
        ("replicate token", "r8_", r"%A{37}" + _END),
        ("deepseek key", "sk-", r"%X{32}" + _END, 3.0),
        ("langfuse secret key", "sk-lf-", r"%X{8}-%X{4}-%X{4}-%X{4}-%X{12}"),
        ("langsmith key", "lsv2_", r"(?:pt|sk)_%X{32}_%X{10}"),
        ("pinecone key", "pcsk_", r"%A{5,6}_%A{60,64}" + _END),
        ("nvidia key", "nvapi-", r"%W{60,70}"),
        ("cerebras key", "csk-", r"[a-z0-9]{48}" + _END),
        ("tavily key", "tvly-", r"(?:dev-|prod-)?%A{32}" + _END),
        ("jina key", "jina_", r"%X{32}%W{28}"),
        ("elevenlabs key", "sk_", r"%X{48}" + _END),
        ("private ai key", "pvai_", r"%A{32,}"),
        # Clouds
        ("aws access key", "AKIA", r"[A-Z2-7]{16}" + _END),
        ("aws temporary key", "ASIA", r"[A-Z2-7]{16}" + _END),
        ("aws bedrock key", "ABSK", r"%B{109,269}={0,2}(?![A-Za-z0-9+/=])"),
        ("aws bedrock short-lived key", "bedrock-api-key-", r"YmVkcm9jay5hbWF6b25hd3MuY29t"),
        ("azure storage key", "AccountKey=", r"%B{86}=="),
        ("google api key", "AIza", r"%W{35}" + _END, 3.7),
        ("google oauth token", "ya29.", r"%W{20,}"),
        ("google oauth secret", "GOCSPX-", r"%W{28}"),
        ("digitalocean token", "dop_v1_", r"%X{64}"),
        ("digitalocean oauth token", "doo_v1_", r"%X{64}"),
        ("digitalocean refresh token", "dor_v1_", r"%X{64}"),
        ("alibaba key", "LTAI", r"%A{20}" + _END),
        ("tencent key", "AKID", r"%A{32}" + _END, 3.5),
        ("yandex key", "AQVN", r"%W{35,38}" + _END),
        ("fly.io token", "fo1_", r"%W{43}"),
        ("fly.io token", "fm1r_", r"%B{100,}={0,3}"),
        ("fly.io token", "fm1a_", r"%B{100,}={0,3}"),
        ("fly.io token", "fm2_", r"%B{100,}={0,3}"),
        ("cloudflare origin key", "v1.0-", r"%X{24}-%X{146}"),
        ("scaleway key", "SCW", r"[A-Z0-9]{17}" + _END, 3.3),
        ("heroku key", "HRKU-", r"%W{36,60}"),
        ("render key", "rnd_", r"%A{28,}" + _END, 3.5),
        ("supabase key", "sbp_", r"%X{40}"),
        ("supabase secret key", "sb_secret_", r"%W{31,40}"),
        ("neon key", "napi_", r"%L{60,70}" + _END),
        ("netlify token", "nfp_", r"%A{36,40}" + _END),
        ("planetscale token", "pscale_tkn_", r"%E{32,64}"),
        ("planetscale password", "pscale_pw_", r"%E{32,64}"),
        ("planetscale oauth", "pscale_oauth_", r"%E{32,64}"),
        ("databricks token", "dapi", r"%X{32}(?:-%D)?" + _END),
        ("clickhouse key", "4b1d", r"%A{38}" + _END, 3.5),
        # Code and builds
        ("github token", "ghp_", r"%A{36}"),
        ("github oauth", "gho_", r"%A{36}"),
        ("github user token", "ghu_", r"%A{36}"),
        ("github server token", "ghs_", r"%A{36}"),
        ("github refresh token", "ghr_", r"%A{36}"),
        ("github fine-grained token", "github_pat_", r"\w{82}"),
        ("gitlab token", "glpat-", r"%W{20,300}(?:\.%L{9})?"),
        ("gitlab trigger token", "glptt-", r"%X{40}"),
        ("gitlab runner token", "glrt-", r"%W{20,300}(?:\.%L{9})?"),
        ("gitlab registration token", "GR1348941", r"%W{20}"),
        ("gitlab deploy token", "gldt-", r"%W{20}"),
        ("gitlab feed token", "glft-", r"%W{20}"),
        ("gitlab job token", "glcbt-", r"%A{1,5}_%W{20}"),
        ("gitlab mail token", "glimt-", r"%W{25}"),
        ("gitlab agent token", "glagent-", r"%W{50}"),
        ("gitlab oauth secret", "gloas-", r"%W{64}"),
        ("gitlab scim token", "glsoat-", r"%W{20}"),
        ("gitlab feature flag token", "glffct-", r"%W{20}"),
        ("gitlab session", "_gitlab_session=", r"%L{32}"),
        ("npm token", "npm_", r"%A{36}" + _END, 3.0),
        ("pypi token", "pypi-AgEIcHlwaS5vcmc", r"%W{50,}"),
        ("rubygems token", "rubygems_", r"%X{48}"),
        ("clojars token", "CLOJARS_", r"%L{60}"),
        ("crates.io token", "cio", r"%A{32}" + _END, 3.8),
        ("docker token", "dckr_pat_", r"%W{27}"),
        ("terraform token", ".atlasv1.", r"%E{60,70}", 3.5, r"%A{14}"),
        ("pulumi token", "pul-", r"%X{40}"),
        ("vault token", "hvs.", r"%W{90,120}"),
        ("vault legacy token", "s.", r"(?=%A{0,23}%D)%A{24}" + _END, 3.5),
        ("vault batch token", "hvb.", r"%W{130,300}"),
        ("doppler token", "dp.pt.", r"%A{43}"),
        ("infracost key", "ico-", r"%A{32}" + _END, 3.0),
        ("prefect key", "pnu_", r"%A{36}" + _END, 2.5),
        ("artifactory key", "AKCp", r"%A{69}" + _END, 4.5),
        ("artifactory reference", "cmVmd", r"%A{59}" + _END, 4.5),
        ("openshift token", "sha256~", r"%W{43}", 3.5),
        ("octopus key", "API-", r"[A-Z0-9]{26}" + _END),
        ("sonar token", "squ_", r"%X{40}"),
        ("sonar token", "sqp_", r"%X{40}"),
        ("sonar token", "sqa_", r"%X{40}"),
        ("sourcegraph token", "sgp_", r"(?:(?:[A-Fa-f0-9]{16}|local)_)?[A-Fa-f0-9]{40}" + _END),
        ("snyk key", "snyk_uat.", r"%W{8,}\.%W{20,}"),
        ("dynatrace token", "dt0c01.", r"%A{24}\.%A{64}", 4.0),
        ("new relic user key", "NRAK-", r"[A-Z0-9]{27}", 3.0),
        ("new relic insert key", "NRII-", r"%W{32}"),
        ("grafana cloud token", "glc_", r"%B{32,400}={0,3}"),
        ("grafana service token", "glsa_", r"%A{32}_[A-Fa-f0-9]{8}"),
        ("grafana key", "eyJrIjoi", r"%B{70,400}={0,3}"),
        ("sentry token", "sntrys_", r"%B{60,}={0,2}_%B{43}"),
        ("sentry user token", "sntryu_", r"%X{64}"),
        ("harness key", "pat.", r"%W{22}\.%A{24}\.%A{20}"),
        ("readme key", "rdme_", r"%L{70}"),
        ("postman key", "PMAK-", r"%X{24}-%X{34}"),
        ("linear key", "lin_api_", r"%A{40}"),
        ("age key", "AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
        ("1password secret key", "A3-", r"%U{6}-(?:%U{11}|%U{6}-%U{5})-%U{5}-%U{5}-%U{5}" + _END, 3.5),
        ("1password service token", "ops_eyJ", r"%B{250,}={0,3}", 4.0),
        # Talk and mail
        ("slack bot token", "xoxb-", r"%D{8,14}-%D{8,14}-%A{18,34}", 2.5),
        ("slack legacy bot token", "xoxb-", r"%D{8,14}-%A{18,26}" + _END, 2.5),
        ("slack user token", "xoxp-", r"(?:%D{10,13}-){2,3}%A{28,34}", 2.0),
        ("slack user token", "xoxe-", r"(?:%D{10,13}-){2,3}%A{28,34}|%D-%U{146}|%A{100,}", 2.0),
        ("slack configuration token", "xoxe.xox", r"[bp]-%D-%U{163,166}", 2.0),
        ("slack app token", "xapp-", r"%D-%U+-%D+-%L{20,}", 2.0),
        ("slack legacy token", "xoxs-", r"%D+-%D+-%D+-%X+", 2.0),
        ("slack workspace token", "xoxa-", r"(?:%D-)?%A{8,48}", 2.0),
        ("slack workspace token", "xoxr-", r"(?:%D-)?%A{8,48}", 2.0),
        ("slack webhook", "hooks.slack.com/", r"(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60}", 3.0),
        ("teams webhook", ".webhook.office.com/webhookb2/", r"[A-Za-z0-9\-@/]{80,}"),
        ("telegram bot token", ":AA", r"%W{32,33}" + _END, 3.8, r"%D{8,10}"),
        ("discord webhook", "discord.com/api/webhooks/", r"%D{17,20}/%W{60,}"),
        ("sendgrid key", "SG.", r"%W{16,32}\.%W{16,64}", 3.5),
        ("sendinblue key", "xkeysib-", r"%X{64}-%A{16}"),
        ("mailgun key", "key-", r"%X{32}" + _END, 3.0),
        ("mailgun public key", "pubkey-", r"%X{32}" + _END, 3.0),
        ("resend key", "re_", r"%A{8}_%A{24}" + _END, 3.5),
        ("intra42 secret", "s-s4t2", r"(?:ud|af)-%X{64}"),
        # Money and shops
        ("stripe live key", "sk_live_", r"%A{10,99}"),
        ("stripe test key", "sk_test_", r"%A{10,99}"),
        ("stripe restricted key", "rk_live_", r"%A{10,99}"),
        ("stripe restricted key", "rk_test_", r"%A{10,99}"),
        ("stripe webhook secret", "whsec_", r"%A{32,}"),
        ("square token", "EAAA", r"%W{60}" + _END),
        ("square token", "sq0atp-", r"%W{22}"),
        ("square secret", "sq0csp-", r"%W{43}"),
        ("braintree token", "access_token$production$", r"%L{16}\$%X{32}"),
        ("shopify token", "shpat_", r"[A-Fa-f0-9]{32}"),
        ("shopify app secret", "shpss_", r"[A-Fa-f0-9]{32}"),
        ("shopify custom token", "shpca_", r"[A-Fa-f0-9]{32}"),
        ("shopify private token", "shppa_", r"[A-Fa-f0-9]{32}"),
        ("flutterwave key", "FLWSECK_TEST-", r"%A{12,32}"),
        ("flutterwave key", "FLWSECK-", r"%A{32}"),
        ("plaid token", "access-production-", r"%X{8}-%X{4}-%X{4}-%X{4}-%X{12}"),
        ("plaid token", "access-sandbox-", r"%X{8}-%X{4}-%X{4}-%X{4}-%X{12}"),
        ("adyen key", "AQE", r"[A-Za-z0-9+/=]{100,}", 4.0),
        ("duffel token", "duffel_live_", r"%E{43}"),
        ("duffel token", "duffel_test_", r"%E{43}"),
        ("easypost key", "EZAK", r"%A{54}" + _END),
        ("easypost test key", "EZTK", r"%A{54}" + _END),
        ("shippo token", "shippo_live_", r"%X{40}"),
        ("shippo token", "shippo_test_", r"%X{40}"),
        # People and work
        ("facebook page token", "EAAM", r"%A{100,}", 4.0),
        ("facebook page token", "EAAC", r"%A{100,}", 4.0),
        ("adobe secret", "p8e-", r"%A{32}" + _END, 2.5),
        ("airtable token", "pat", r"%A{14}\.%X{64}"),
        ("notion token", "ntn_", r"%D{11}%A{32}%A{3}" + _END, 3.5),
        ("notion secret", "secret_", r"%A{43}" + _END, 3.8),
        ("typeform token", "tfp_", r"[A-Za-z0-9_.\-=]{59}"),
        ("atlassian token", "ATATT3", r"%E{186}"),
        ("frame.io token", "fio-u-", r"%E{64}"),
        ("okta token", "00", r"(?=%W{0,30}[_-])[\w=\-]{40}" + _END, 4.5),
        ("azure ad client secret", "Q~", r"[A-Za-z0-9_~.\-]{31,34}(?![A-Za-z0-9_~.\-])", 3.0, r"[A-Za-z0-9_~.]{3}%D"),
        ("asana token", "1/", r"%D{16}:%X{32}"),
        ("figma token", "figd_", r"%W{40}"),
        ("dropbox token", "sl.", r"%E{130,152}" + _END),
        ("tailscale key", "tskey-", r"[a-z]+-%A{8,}-%A{20,}"),
        ("twilio key", "SK", r"%X{32}" + _END, 3.0),
        ("nuget key", "oy2", r"[a-z0-9]{43}" + _END, 3.8),
        ("settlemint token", "sm_pat_", r"%A{16}"),
        ("settlemint token", "sm_aat_", r"%A{16}"),
        ("settlemint token", "sm_sat_", r"%A{16}"),
        ("scalingo token", "tk-us-", r"%W{48}"),
        ("facebook token", "|", r"%W{27,40}" + _END, 3.0, r"%D{15,16}"),
        ("facebook token", "%7C", r"%W{27,40}" + _END, 3.0, r"%D{15,16}"),
    )
)
