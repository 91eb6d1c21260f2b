"""Asks the tests' DingTalk who came back with a code, by the vendor's own client (alibabacloud-dingtalk), and prints what that client
understood.

Started with the address (host:port), the application's id and secret, and the code. Prints the errors of a second exchange and of a
token that was made up as well.
"""

import json
import sys

from alibabacloud_dingtalk.contact_1_0 import models as contact
from alibabacloud_dingtalk.contact_1_0.client import Client as Contacts
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth
from alibabacloud_dingtalk.oauth2_1_0.client import Client as Tokens
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions

endpoint, client_id, secret, code = sys.argv[1:]
runtime = RuntimeOptions(no_proxy="127.0.0.1")


def config():
    return Config(protocol="http", region_id="central", endpoint=endpoint)


def exchange():
    request = oauth.GetUserTokenRequest(client_id=client_id, client_secret=secret, code=code, grant_type="authorization_code")
    return Tokens(config()).get_user_token_with_options(request, {}, runtime).body


def person(token):
    headers = contact.GetUserHeaders(x_acs_dingtalk_access_token=token)
    return Contacts(config()).get_user_with_options("me", headers, runtime).body


def refused(call):
    try:
        call()
    except Exception as error:
        return str(error)
    raise SystemExit("a refusal was expected")


token = exchange()
print(json.dumps({
    "token": token.access_token,
    "expires": token.expire_in,
    "person": person(token.access_token).union_id,
    "again": refused(exchange),
    "made_up": refused(lambda: person("user-99")),
}))
