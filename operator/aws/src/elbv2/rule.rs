//! `elbv2/ListenerRule`: found by its handle, else by its priority, among those of its listener.
//!
//! AWS lists rules a listener at a time: they are read about once an hour, and whenever the look must be fresh. That one is
//! still there, its tags say in between.

use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::elbv2::{ListenerRule, ListenerRuleOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::inside::Held;
use super::{Elb, action, condition, made, parent, refused, region_of, write_tags};
use crate::errors::{absent, code};
use crate::shared::{freshness, known, only};

const GONE: &[&str] = &["RuleNotFound"];
const PARENT_GONE: &[&str] = &["ListenerNotFound"];
/// All but what its handle and its tags tell.
const UNREAD: &[&str] = &["priority", "conditions", "action"];

/// See the module.
pub struct ListenerRules(pub Arc<Elb>);

fn seen(listener: &str, seen: &sdk::Rule) -> ListenerRule {
    ListenerRule {
        listener_arn: listener.into(),
        priority: priority(seen).unwrap_or_default(),
        conditions: seen.conditions().iter().filter_map(condition::read).collect(),
        action: action::read(seen.actions()),
        tags: Default::default(),
    }
}

/// That of the default rule is no number.
fn priority(seen: &sdk::Rule) -> Option<i32> {
    seen.priority().and_then(|priority| priority.parse().ok())
}

/// The ARN of its listener.
fn listener(id: &Id) -> String {
    parent(id, "listenerArn", "listener-rule", "listener")
}

fn outputs(arn: &str) -> ListenerRuleOutputs {
    ListenerRuleOutputs { arn: Some(arn.to_owned()) }
}

fn conditions(want: &ListenerRule) -> Option<Vec<sdk::RuleCondition>> {
    Some(want.conditions.iter().map(condition::write).collect())
}

impl Elb {
    /// The rules of a listener, which names its region.
    async fn list_rules(&self, listener: String) -> Result<Option<Vec<sdk::Rule>>> {
        let request = self.clients.elbv2(region_of(&listener)).describe_rules().listener_arn(&listener);
        let items = request.into_paginator().items().send();
        absent(items.collect::<std::result::Result<Vec<_>, _>>().await, PARENT_GONE)
    }
}

impl ListenerRules {
    async fn held(&self, id: &Id, freshness: Freshness) -> Result<Option<Held<sdk::Rule>>> {
        self.0.rules.get(&listener(id), freshness, |listener| self.0.list_rules(listener)).await
    }

    /// By its handle, or by a look at its priority; `None` where it is gone.
    async fn arn(&self, id: &Id) -> Result<Option<String>> {
        if let Some(Handle(arn)) = &id.handle {
            return Ok(Some(arn.clone()));
        }
        let held = self.held(id, Freshness::Now).await?.flatten();
        Ok(held.and_then(|held| choose(id, &held).and_then(|found| found.rule_arn.clone())))
    }

    /// What its tags tell of one whose turn to be read has not come.
    async fn unread(&self, id: &Id) -> Result<Seen<ListenerRule>> {
        let arn = id.handle.as_ref().map(|handle| handle.0.clone()).unwrap_or_default();
        let Some(tags) = self.0.tags_of(id, &arn, id.freshness).await? else { return Ok(Seen::Absent) };
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            have: ListenerRule { tags, ..seen(&listener(id), &sdk::Rule::builder().build()) },
            out: outputs(&arn),
            handle: Handle(arn),
            state: State::Ready,
            unread: UNREAD,
        })
    }

    /// Moves it to its priority. One of the same owner's that is in the way changes places with it: each finds its own.
    async fn reorder(&self, id: &Id, arn: &str, have: &ListenerRule, want: &ListenerRule) -> Result<()> {
        let pair = |arn: &str, priority| sdk::RulePriorityPair::builder().rule_arn(arn).priority(priority).build();
        let client = self.0.writer(id);
        let request = client.set_rule_priorities().rule_priorities(pair(arn, want.priority));
        match request.clone().send().await {
            Ok(_) => return Ok(()),
            Err(error) if code(&error) != Some("PriorityInUse") => return Err(refused(error)),
            Err(_) => {}
        }
        let held = self.held(id, Freshness::Now).await?.flatten().unwrap_or_default();
        let other = held.iter().find(|rule| priority(rule) == Some(want.priority)).and_then(|rule| rule.rule_arn());
        let Some(other) = other else { return Ok(()) };
        let tags = self.0.tags_of(id, other, Freshness::Now).await?.unwrap_or_default();
        match Owner::from_tags(&tags) {
            Owner::Tagged { owner, .. } if owner == id.owner => {
                let request = request.rule_priorities(pair(other, have.priority));
                request.send().await.map(drop).map_err(refused)
            }
            _ => Err(taken(want.priority)),
        }
    }
}

fn taken(priority: i32) -> Error {
    let message = format!("priority {priority} of the listener is taken by a rule of somebody else's: choose another");
    Error::blocked(reason::ALREADY_EXISTS, message)
}

/// Picks the rule that an id means among those of its listener: no two have one priority.
fn choose<'a>(id: &Id, held: &'a [sdk::Rule]) -> Option<&'a sdk::Rule> {
    let wished = id.address.get("priority").and_then(serde_json::Value::as_i64);
    held.iter().find(|found| match &id.handle {
        Some(Handle(arn)) => found.rule_arn() == Some(arn),
        None => wished.is_some() && priority(found).map(i64::from) == wished,
    })
}

impl Provider<ListenerRule> for ListenerRules {
    const ACTIONS: &'static [&'static str] = &[
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:DeleteRule",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:ModifyRule",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:SetRulePriorities",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<ListenerRule>> {
        let freshness = freshness(id);
        let Some(held) = self.held(id, freshness).await? else { return self.unread(id).await };
        let Some(found) = held.as_ref().and_then(|held| choose(id, held)) else { return Ok(Seen::Absent) };
        let arn = found.rule_arn().unwrap_or_default().to_owned();
        let Some(tags) = self.0.tags_of(id, &arn, freshness).await? else { return Ok(Seen::Absent) };
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: ListenerRule { tags, ..seen(&listener(id), found) },
            out: outputs(&arn),
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &ListenerRule) -> Result<Handle> {
        let listener = known(&want.listener_arn)?;
        self.0.rules.forget(&listener);
        let request = self.0.writer(id).create_rule().listener_arn(listener).priority(want.priority);
        let request = request
            .set_conditions(conditions(want))
            .actions(action::write(&want.action)?)
            .set_tags(Some(write_tags(&want.tags)));
        let answer = request.send().await.map_err(refused)?;
        made(answer.rules.unwrap_or_default().into_iter().next().and_then(|made| made.rule_arn))
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<ListenerRuleOutputs> {
        Some(outputs(&handle.0))
    }

    async fn update(&self, id: &Id, have: &ListenerRule, want: &ListenerRule, diff: &Diff) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.0.rules.forget(&known(&have.listener_arn)?);
        self.0.retag(id, &arn, &want.tags, diff).await?;
        if diff.touches_any(&["conditions", "action"]) {
            let request = only!(self.0.writer(id).modify_rule().rule_arn(&arn), diff, {
                "conditions" => set_conditions(conditions(want)),
                "action" => actions(action::write(&want.action)?),
            });
            request.send().await.map_err(refused)?;
        }
        if diff.touches("priority") {
            self.reorder(id, &arn, have, want).await?;
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, have: &ListenerRule, _disposal: Disposal) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.0.rules.forget(&known(&have.listener_arn)?);
        absent(self.0.writer(id).delete_rule().rule_arn(arn).send().await, GONE).map(drop)
    }
}

#[cfg(test)]
mod tests;
