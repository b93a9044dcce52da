//! What a rule does, as AWS has it and as we do. What AWS has beside the word (a response of one's own, headers) is kept
//! as long as the word stays.

use aws_sdk_wafv2::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::wafv2::RuleEffect;

const OTHER: &str = "Other";

/// `Allow` or `Block`.
pub(super) fn read_default(seen: Option<&sdk::DefaultAction>) -> String {
    let blocks = seen.is_some_and(|action| action.block().is_some());
    if blocks { "Block" } else { "Allow" }.to_owned()
}

/// The same, as AWS takes it.
pub(super) fn write_default(former: Option<sdk::DefaultAction>, want: &str) -> Result<sdk::DefaultAction> {
    if let Some(same) = former.filter(|former| read_default(Some(former)) == want) {
        return Ok(same);
    }
    let built = sdk::DefaultAction::builder();
    match want {
        "Allow" => Ok(built.allow(sdk::AllowAction::builder().build()).build()),
        "Block" => Ok(built.block(sdk::BlockAction::builder().build()).build()),
        other => Err(Error::invalid(format!("{other} is no default action: Allow or Block"))),
    }
}

/// The word of an action.
pub(super) fn word(seen: &sdk::RuleAction) -> &'static str {
    let words = [
        (seen.allow().is_some(), "Allow"),
        (seen.block().is_some(), "Block"),
        (seen.count().is_some(), "Count"),
        (seen.captcha().is_some(), "Captcha"),
        (seen.challenge().is_some(), "Challenge"),
    ];
    words.into_iter().find(|(there, _)| *there).map_or(OTHER, |(_, word)| word)
}

/// An action by its word.
pub(super) fn action(former: Option<sdk::RuleAction>, want: &str) -> Result<sdk::RuleAction> {
    if let Some(same) = former.filter(|former| word(former) == want) {
        return Ok(same);
    }
    let built = sdk::RuleAction::builder();
    Ok(match want {
        "Allow" => built.allow(sdk::AllowAction::builder().build()),
        "Block" => built.block(sdk::BlockAction::builder().build()),
        "Count" => built.count(sdk::CountAction::builder().build()),
        "Captcha" => built.captcha(sdk::CaptchaAction::builder().build()),
        "Challenge" => built.challenge(sdk::ChallengeAction::builder().build()),
        other => return Err(Error::invalid(format!("{other} is no action of a rule"))),
    }
    .build())
}

/// What a rule does with what it matches.
pub(super) fn read(seen: &sdk::Rule) -> RuleEffect {
    match (seen.action(), seen.override_action()) {
        (Some(action), _) => RuleEffect::Action(word(action).to_owned()),
        (None, Some(action)) if action.count().is_some() => RuleEffect::OverrideAction("Count".into()),
        (None, _) => RuleEffect::OverrideAction("None".into()),
    }
}

/// Puts it into a rule.
pub(super) fn put(rule: &mut sdk::Rule, want: &RuleEffect) -> Result<()> {
    if read(rule) == *want && (rule.action.is_some() || rule.override_action.is_some()) {
        return Ok(());
    }
    (rule.action, rule.override_action) = match want {
        RuleEffect::Action(word) => (Some(action(rule.action.take(), word)?), None),
        RuleEffect::OverrideAction(word) => (None, Some(override_action(word)?)),
    };
    Ok(())
}

fn override_action(want: &str) -> Result<sdk::OverrideAction> {
    let built = sdk::OverrideAction::builder();
    match want {
        "None" => Ok(built.none(sdk::NoneAction::builder().build()).build()),
        "Count" => Ok(built.count(sdk::CountAction::builder().build()).build()),
        other => Err(Error::invalid(format!("{other} is nothing that a rule group can be told: None or Count"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> sdk::Rule {
        sdk::Rule::builder().name("rule").priority(1).build().expect("it is whole")
    }

    #[test]
    fn every_word_reads_back_whatever_was_there_before() {
        let own = ["Allow", "Block", "Count", "Captcha", "Challenge"].map(|word| RuleEffect::Action(word.into()));
        let groups = ["None", "Count"].map(|word| RuleEffect::OverrideAction(word.into()));
        let mut rule = rule();
        for effect in own.into_iter().chain(groups).rev() {
            put(&mut rule, &effect).expect("it is written");
            assert_eq!(read(&rule), effect);
            assert_ne!(rule.action.is_some(), rule.override_action.is_some());
        }
        assert!(put(&mut rule, &RuleEffect::Action("Drop".into())).is_err());
        for word in ["Allow", "Block"] {
            assert_eq!(read_default(Some(&write_default(None, word).expect("it is written"))), word);
        }
    }

    #[test]
    fn a_response_of_ones_own_stays_while_the_rule_blocks() {
        let response = sdk::CustomResponse::builder().response_code(429).build().expect("it is whole");
        let mut rule = rule();
        let block = sdk::BlockAction::builder().custom_response(response).build();
        rule.action = Some(sdk::RuleAction::builder().block(block).build());
        let before = rule.clone();
        put(&mut rule, &RuleEffect::Action("Block".into())).expect("it is written");
        assert_eq!(rule, before);
    }
}
