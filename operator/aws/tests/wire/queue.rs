//! What is received from a queue, and is gone when it has been deleted.

use std::collections::BTreeSet;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{
    self, ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible,
};
use terrace_aws::sqs::{Queue, QueueArn};
use terrace_engine::reason;

use crate::bed::{self, REGION};

/// How many messages wait in the queue, and how many somebody has received.
async fn held(sqs: &Client, url: &str) -> Vec<String> {
    let names = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
    let request = sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
    let found = request.send().await.expect("attributes").attributes.unwrap_or_default();
    let count = |name: &QueueAttributeName| found.get(name).cloned().unwrap_or_default();
    names.iter().map(count).collect()
}

#[tokio::test]
async fn a_batch_is_received_once_and_gone_when_it_is_deleted() {
    let Some(clients) = bed::clients() else { return };
    let sqs = clients.sqs(REGION);
    let made = sqs.create_queue().queue_name("terrace").send().await.expect("a queue");
    let url = made.queue_url.expect("its address");
    let sent: BTreeSet<String> = (0..12).map(|number| format!(r#"{{"number": {number}}}"#)).collect();
    for body in &sent {
        sqs.send_message().queue_url(&url).message_body(body).send().await.expect("sent");
    }
    let arn = format!("arn:aws:sqs:{REGION}:{}:terrace", clients.account()).parse::<QueueArn>().expect("an ARN");
    let queue = Queue::new(&clients, arn);
    let mut messages = Vec::new();
    while messages.len() < sent.len() {
        let batch = queue.receive().await.expect("messages");
        assert!((1..=10).contains(&batch.len()), "{}", batch.len());
        messages.extend(batch);
    }
    assert_eq!(messages.iter().map(|message| message.body.clone()).collect::<BTreeSet<_>>(), sent);
    assert_eq!(held(&sqs, &url).await, ["0", "12"]);
    queue.delete(&messages).await.expect("deleted");
    assert_eq!(held(&sqs, &url).await, ["0", "0"]);
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_said() {
    let Some(clients) = bed::clients() else { return };
    let arn = format!("arn:aws:sqs:{REGION}:{}:none", clients.account()).parse().expect("an ARN");
    let error = Queue::new(&clients, arn).receive().await.expect_err("there is none");
    assert_ne!(error.reason(), reason::RETRYING, "{error}");
}
