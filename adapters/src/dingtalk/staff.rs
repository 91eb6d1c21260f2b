//! Where a member of the company works: looked up when a helper has opened their conversation, if the operator wants it
//! and the company permits it. Of what the platform tells of a person (telephone, mail and more) only department and
//! position are taken, and both are forgotten after a day.
//!
//! Facts: 钉钉开放平台 "根据userid获取用户详情" (permission qyapi_get_member), "获取部门详情" (qyapi_get_department_list; the
//! department 1 is the company itself), "获取企业认证信息" (Contact.Org.Read; without `targetCorpId` the robot's own).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::Address;
use super::alarms;
use super::api::Family;
use super::client::DingtalkChannel;
use super::fault::Fault;
use super::wire::{number, text};
use crate::{Enterprise, Locale, NotesExt, Peer};

/// The first parts of the keys: people by userid, companies by corpId.
pub(super) const PEOPLE: &str = "staff";
/// The same of companies.
pub(super) const COMPANIES: &str = "company";
/// The company whose id is not known: the robot's own.
const OWN: &str = "-";
/// How long it is remembered.
pub(super) const AGE: SignedDuration = SignedDuration::from_hours(24);
/// How long the helper's page waits for it.
const PATIENCE: Duration = Duration::from_secs(8);
/// The department that is the whole company.
const ROOT: i64 = 1;
/// The longest name that is shown, in characters.
const NAME: usize = 60;

/// What was found, as it is noted.
#[derive(Serialize, Deserialize)]
pub(super) struct Found {
    of: Enterprise,
    /// When.
    pub(super) at: Timestamp,
}

impl DingtalkChannel {
    /// Where somebody works, as far as it may be known.
    pub(super) async fn workplace(&self, peer: &Peer) -> Option<Enterprise> {
        if !self.settings.staff_profile {
            return None;
        }
        let address = Address::parse(&peer.address)?;
        let staff = address.who().staff()?;
        if let Some(known) = self.noted(&[PEOPLE, staff]).await {
            return Some(known);
        }
        // Without the note of the chat it is the robot's own company, as for nearly everybody.
        let company = self.chats.read(&address).await.ok().and_then(|chat| chat.company);
        let Ok(found) = tokio::time::timeout(PATIENCE, self.look_up(staff, company.as_deref())).await else {
            tracing::warn!(channel.id = %self.kit.id, reason = "time-out", "where somebody works could not be looked up");
            return None;
        };
        (found != Enterprise::default()).then_some(found)
    }

    /// Asks the platform. What is refused stays open, and is asked again next time; only the whole is noted.
    async fn look_up(&self, staff: &str, company: Option<&str>) -> Enterprise {
        let mut found = Enterprise::default();
        let organisation = self.organisation(company).await;
        let person = self.person(staff).await;
        let department = match &person {
            Ok((Some(department), _)) => self.department(*department).await,
            Ok((None, _)) | Err(_) => Ok(None),
        };
        let mut complete = true;
        let mut known = |result: Result<Option<String>, Fault>| {
            result.unwrap_or_else(|fault| {
                complete = false;
                tracing::warn!(channel.id = %self.kit.id, reason = fault.code, "where somebody works is not told");
                None
            })
        };
        found.organisation = known(organisation);
        found.department = known(department);
        found.position = known(person.map(|(_, position)| position));
        if complete {
            self.kit.alarms.clear(alarms::STAFF_REFUSED);
            self.note(&[PEOPLE, staff], &found).await;
        }
        found
    }

    /// The company's name.
    async fn organisation(&self, company: Option<&str>) -> Result<Option<String>, Fault> {
        let key = [COMPANIES, company.unwrap_or(OWN)];
        if let Some(known) = self.noted(&key).await {
            return Ok(known.organisation);
        }
        let query: Vec<_> = company.map(|company| ("targetCorpId", company)).into_iter().collect();
        let answer = self.api.ask(Family::Staff, "/v1.0/contact/organizations/authInfos", &query).await?;
        let organisation = name(&answer, "orgName").or_else(|| name(&answer, "licenseOrgName"));
        self.note(&key, &Enterprise { organisation: organisation.clone(), ..Enterprise::default() }).await;
        Ok(organisation)
    }

    /// Somebody's first department and their position.
    async fn person(&self, staff: &str) -> Result<(Option<i64>, Option<String>), Fault> {
        let body = json!({ "userid": staff, "language": self.language() });
        let answer = self.api.call_old(Family::Staff, "/topapi/v2/user/get", &body).await?;
        let person = answer.get("result").unwrap_or(&Value::Null);
        let departments = person.get("dept_id_list").and_then(Value::as_array).into_iter().flatten();
        let department = departments.filter_map(Value::as_i64).find(|&id| id != ROOT);
        Ok((department, name(person, "title")))
    }

    /// A department's name.
    async fn department(&self, id: i64) -> Result<Option<String>, Fault> {
        let body = json!({ "dept_id": id, "language": self.language() });
        let answer = self.api.call_old(Family::Staff, "/topapi/v2/department/get", &body).await?;
        Ok(answer
            .get("result")
            .filter(|result| number(result, "dept_id") == Some(id))
            .and_then(|of| name(of, "name")))
    }

    /// The language in which the company's address book is read.
    fn language(&self) -> &'static str {
        match self.settings.locale {
            Locale::Zh => "zh_CN",
            Locale::En => "en_US",
        }
    }

    async fn noted(&self, key: &[&str]) -> Option<Enterprise> {
        let found = self.kit.notes.get::<Found>(key).await.ok().flatten()?.value;
        ((self.kit.now)().duration_since(found.at) < AGE).then_some(found.of)
    }

    /// Without the note it is only asked again.
    async fn note(&self, key: &[&str], of: &Enterprise) {
        let found = Found { of: of.clone(), at: (self.kit.now)() };
        let seen = match self.kit.notes.read(key).await {
            Ok(note) => note.map(|note| note.version),
            Err(error) => {
                tracing::warn!(channel.id = %self.kit.id, reason = error.0, "where somebody works could not be noted");
                return;
            }
        };
        if let Err(error) = self.kit.notes.put(key, seen, &found).await {
            tracing::warn!(channel.id = %self.kit.id, reason = error.0, "where somebody works could not be noted");
        }
    }
}

/// A name that is there, cut to a length that fits a line.
fn name(of: &Value, field: &str) -> Option<String> {
    let name: String = text(of, field)?.trim().chars().filter(|c| !c.is_control()).take(NAME).collect();
    Some(name).filter(|name| !name.is_empty())
}
