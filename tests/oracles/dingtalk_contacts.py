"""Asks the tests' DingTalk for a company's name by the vendor's own client (alibabacloud-dingtalk), and prints what that
client understood of the answer.

Started with the address (host:port), the access token and the company's id.
"""

import json
import sys

from alibabacloud_dingtalk.contact_1_0 import models
from alibabacloud_dingtalk.contact_1_0.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions

client = Client(Config(protocol="http", region_id="central", endpoint=sys.argv[1]))
headers = models.GetOrgAuthInfoHeaders(x_acs_dingtalk_access_token=sys.argv[2])
request = models.GetOrgAuthInfoRequest(target_corp_id=sys.argv[3])
answer = client.get_org_auth_info_with_options(request, headers, RuntimeOptions(no_proxy="127.0.0.1"))
print(json.dumps(answer.body.to_map(), ensure_ascii=False))
