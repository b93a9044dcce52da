//! What is wrong with pods, in their own words.
//!
//! The words stay the same while the trouble does, since they stand in a status: a kubelet says in turn that it cannot
//! pull an image and that it waits before it tries again, or that a container runs, ended and is about to be restarted.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The label that a Deployment's pods of one template share.
const TEMPLATE: &str = "pod-template-hash";

/// The most characters of a message: a container may end with pages of them.
const MOST: usize = 400;

/// What is wrong with the pods of the newest template, if anything is.
pub fn trouble(pods: &[Pod]) -> Option<String> {
    let mut said = BTreeMap::<String, Vec<&str>>::new();
    for pod in newest(pods) {
        if let Some(words) = of_pod(pod) {
            said.entry(words).or_default().push(pod.metadata.name.as_deref().unwrap_or_default());
        }
    }
    let (words, mut names) = said.into_iter().max_by_key(|(_, names)| names.len())?;
    names.sort_unstable();
    let more = match names.len() - 1 {
        0 => String::new(),
        1 => " (and 1 pod more)".into(),
        more => format!(" (and {more} pods more)"),
    };
    Some(format!("pod {}{more}: {words}", names[0]))
}

/// Those that are not on their way out, of the template that the youngest of them has.
fn newest(pods: &[Pod]) -> impl Iterator<Item = &Pod> {
    let template = |pod: &Pod| pod.metadata.labels.as_ref().and_then(|labels| labels.get(TEMPLATE)).cloned();
    let stay = || pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let born = |pod: &&Pod| pod.metadata.creation_timestamp.as_ref().map(|Time(at)| *at);
    let youngest = stay().max_by_key(born).and_then(template);
    stay().filter(move |pod| template(pod) == youngest)
}

fn of_pod(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let mut conditions = status.conditions.iter().flatten();
    let unschedulable = |reason: &Option<String>| reason.as_deref() == Some("Unschedulable");
    if let Some(condition) = conditions.find(|it| it.type_ == "PodScheduled" && unschedulable(&it.reason)) {
        return Some(format!("Unschedulable: {}", brief(condition.message.as_deref())));
    }
    let init = status.init_container_statuses.iter().flatten();
    let containers = init.chain(status.container_statuses.iter().flatten());
    if let Some(words) = containers.filter_map(of_container).next() {
        return Some(words);
    }
    // It was evicted or refused by its node, and another takes its place.
    let failed = status.phase.as_deref() == Some("Failed");
    failed.then(|| format!("{}: {}", status.reason.as_deref().unwrap_or("Failed"), brief(status.message.as_deref())))
}

fn of_container(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref();
    let name = &status.name;
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
    let message = waiting.and_then(|waiting| waiting.message.as_deref());
    let now = state.and_then(|state| state.terminated.as_ref());
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let ended = now.or(last).filter(|ended| ended.exit_code != 0 || reason == Some("CrashLoopBackOff"));
    match (reason, ended) {
        (Some("ErrImagePull" | "ImagePullBackOff"), _) => Some(format!("container {name}: {}", pull(message))),
        (Some("CrashLoopBackOff"), None) => Some(format!("container {name}: CrashLoopBackOff: {}", brief(message))),
        (_, Some(ended)) if !status.ready => Some(format!("container {name}: {}", end(ended, status.restart_count))),
        (None | Some("ContainerCreating" | "PodInitializing" | "CrashLoopBackOff"), _) => None,
        (Some(reason), _) => Some(format!("container {name}: {reason}: {}", brief(message))),
    }
}

/// The cause alone, which stands by itself in one message and behind the wait for the next try in the other.
fn pull(message: Option<&str>) -> String {
    const CAUSE: &str = "ErrImagePull: ";
    let message = message.unwrap_or_default();
    let cause = message.split_once(CAUSE).map_or(message, |(_, cause)| cause);
    let reason = if cause.starts_with("Back-off") { "ImagePullBackOff" } else { "ErrImagePull" };
    format!("{reason}: {}", brief(Some(cause)))
}

/// How a container ended, and what it said last.
fn end(ended: &ContainerStateTerminated, restarts: i32) -> String {
    let lead = if restarts > 0 { "CrashLoopBackOff: " } else { "" };
    let reason = ended.reason.as_deref().unwrap_or("Error");
    let said = ended.message.as_deref().filter(|message| !message.trim().is_empty());
    let said = said.map(|message| format!(": {}", brief(Some(message)))).unwrap_or_default();
    format!("{lead}it ended with {reason}, exit code {}{said}", ended.exit_code)
}

/// One line of it, not too long.
fn brief(message: Option<&str>) -> String {
    let line = message.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, template: &str, born: &str, status: Value) -> Pod {
        let metadata = json!({"name": name, "creationTimestamp": born, "labels": {TEMPLATE: template}});
        serde_json::from_value(json!({"metadata": metadata, "status": status})).expect("a Pod")
    }

    fn container(state: Value, last: Value, restarts: i32) -> Value {
        json!({"phase": "Pending", "containerStatuses": [{
            "name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": restarts,
            "state": state, "lastState": last}]})
    }

    fn words(status: Value) -> Option<String> {
        trouble(&[pod("shop-1", "a", "2026-01-01T00:00:00Z", status)])
    }

    fn waiting(reason: &str, message: &str) -> Value {
        container(json!({"waiting": {"reason": reason, "message": message}}), json!({}), 0)
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_named_in_the_same_words_between_the_tries() {
        let cause = "rpc error: code = NotFound desc = repo/shop:9: not found";
        let tried = words(waiting("ErrImagePull", cause));
        assert_eq!(tried, Some(format!("pod shop-1: container app: ErrImagePull: {cause}")));
        let between = format!("Back-off pulling image \"repo/shop:9\": ErrImagePull: {cause}");
        assert_eq!(words(waiting("ImagePullBackOff", &between)), tried);
        let bare = words(waiting("ImagePullBackOff", "Back-off pulling image \"x\""));
        assert_eq!(bare.as_deref(), Some("pod shop-1: container app: ImagePullBackOff: Back-off pulling image \"x\""));
    }

    #[test]
    fn a_container_that_keeps_ending_says_what_it_said_last_whatever_it_does_now() {
        let ended = json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "no database\nat all\n"}});
        let expected =
            "pod shop-1: container app: CrashLoopBackOff: it ended with Error, exit code 1: no database at all";
        let backing_off = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting"}});
        for (state, last) in
            [(backing_off, ended.clone()), (json!({"running": {}}), ended.clone()), (ended.clone(), ended.clone())]
        {
            assert_eq!(words(container(state, last, 3)).as_deref(), Some(expected));
        }
        let first = words(container(ended, json!({}), 0)).expect("it ended");
        assert!(first.contains("container app: it ended with Error"), "{first}");
    }

    #[test]
    fn each_trouble_is_told_in_the_words_of_the_pod() {
        let unschedulable = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]});
        let evicted = json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory"});
        for (status, expected) in [
            (unschedulable, "pod shop-1: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."),
            (
                waiting("CreateContainerConfigError", "secret \"orders-binding\" not found"),
                "pod shop-1: container app: CreateContainerConfigError: secret \"orders-binding\" not found",
            ),
            (evicted, "pod shop-1: Evicted: The node was low on memory"),
        ] {
            assert_eq!(words(status).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_only_on_its_way_is_no_trouble() {
        for status in [
            json!({"phase": "Pending"}),
            waiting("ContainerCreating", ""),
            waiting("PodInitializing", ""),
            container(json!({"running": {}}), json!({}), 0),
            container(json!({"terminated": {"exitCode": 0, "reason": "Completed"}}), json!({}), 0),
        ] {
            assert_eq!(words(status.clone()), None, "{status}");
        }
        assert_eq!(trouble(&[]), None);
    }

    #[test]
    fn pods_of_the_newest_template_are_asked_and_the_trouble_of_most_of_them_is_told() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let bad = |text: &str| waiting("ErrImagePull", text);
        let pods = [
            pod("shop-old", "a", old, bad("old")),
            pod("shop-3", "b", new, bad("new")),
            pod("shop-2", "b", new, bad("new")),
            pod("shop-1", "b", old, bad("another")),
        ];
        assert_eq!(trouble(&pods).as_deref(), Some("pod shop-2 (and 1 pod more): container app: ErrImagePull: new"));
    }

    #[test]
    fn a_long_message_is_cut() {
        let long = words(waiting("CreateContainerError", &"x".repeat(5000))).expect("trouble");
        assert!(long.chars().count() < 500 && long.ends_with('…'), "{long}");
    }
}
