"""Uses every operation of the generated client (openapi_client) as an integrator would. It fails on the first response that
the client cannot parse or that differs from the seed data."""
import os

from openapi_client import ApiClient, Configuration
from openapi_client.api.administration_api import AdministrationApi
from openapi_client.api.cases_api import CasesApi
from openapi_client.api.operations_api import OperationsApi
from openapi_client.exceptions import ApiException
from openapi_client.models.batch import Batch
from openapi_client.models.batch_get import BatchGet
from openapi_client.models.settings_change import SettingsChange


def client(who):
    return ApiClient(Configuration(host=os.environ["API_URL"], access_token=os.environ[who + "_TOKEN"]))


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiException as problem:
        assert problem.status == status, problem
        return problem
    raise AssertionError(f"not refused, want {status}")


manager = client("MANAGER")
cases, administration = CasesApi(manager), AdministrationApi(manager)

case = cases.get_case("loc-100", "case-1002")
assert case.ro_number == "50124" and case.related_count == len(case.related_ros) == 3, case
assert case.closed_by is None and case.retrieval.outcome == "ok" and case.related_ros[0].linked_cases == [], case

page = cases.list_cases_of_asset("loc-100", case.asset_id)
assert "case-1002" in [c.case_id for c in page.cases] and page.cursor is None, page

wanted = [("loc-100", "case-1002"), ("loc-100", "no-such-case"), ("loc-200", "case-1002")]
batch = cases.batch_get_cases(BatchGet.from_dict({"cases": [{"locationId": l, "caseId": c} for l, c in wanted]}))
assert [c.found for c in batch.cases] == [True, False, False], batch
assert batch.cases[0].related_ros == page.cases[[c.case_id for c in page.cases].index("case-1002")].related_ros, batch
assert batch.cases[1].case_id == "no-such-case" and batch.cases[1].related_ros is None, batch

matches = cases.search(ro="5012", location_id=["loc-100"], match="prefix").matches
assert {m.var_as for m in matches} == {"own", "related"}, matches

settings = administration.get_settings_with_http_info("loc-100")
etag = {name.lower(): value for name, value in settings.headers.items()}["etag"]
change = SettingsChange.from_dict({"status": "DISABLED", "dms": "KARMAK_FUSION", "karmak": settings.data.karmak.to_dict()})
saved = administration.put_settings(if_match=etag, location_id="loc-100", settings_change=change)
assert saved.status == "DISABLED" and saved.version == settings.data.version + 1, saved
refused(412, administration.put_settings, if_match=etag, location_id="loc-100", settings_change=change)
assert administration.list_changes("loc-100").changes[0].after.status == "DISABLED"
assert administration.verify_settings("loc-100").activation.state == "active"
change.status = "ENABLED"
administration.put_settings(if_match=f'"{saved.version}"', location_id="loc-100", settings_change=change)
assert administration.refresh_case("loc-100", "case-1002").event_id
assert refused(429, administration.refresh_case, "loc-100", "case-1002").headers["Retry-After"]

refused(403, cases.get_case, "loc-200", "case-1002")
missing = refused(404, cases.get_case, "loc-100", "no-such-case")
assert missing.data.type == "case-not-retrieved", missing
refused(403, OperationsApi(manager).list_dead_letters, "export")

operations = OperationsApi(client("SUPPORT"))
letters = operations.list_dead_letters("close")
assert letters.approximate_count >= len(letters.dead_letters), letters
assert operations.redrive_dead_letters({"queue": "close", "locationId": "loc-999"}).moved == 0
assert operations.health().status == "ok"

# Additions of a later version must not break this client.
later = Batch.from_dict({"cases": [{"found": False, "locationId": "l", "caseId": "c", "news": {"a": 1}}], "news": []})
assert later.cases[0].case_id == "c", later
