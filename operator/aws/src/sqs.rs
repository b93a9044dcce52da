//! Amazon SQS: what EventBridge put into a queue is received and deleted. No kind of resource: nothing is made here.

use std::fmt;
use std::str::FromStr;

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message as Received};
use terrace_engine::{Error, Result};
use tokio::sync::OnceCell;

use crate::Clients;
use crate::errors::classify;

/// IAM actions used, of the queues that an Environment names alone. A batch is deleted by the right to delete one
/// message (SQS developer guide, "Amazon SQS API permissions").
pub const ACTIONS: &[&str] = &["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"];

/// The most messages of one call, and the most seconds that it waits for the first (SQS API reference, ReceiveMessage).
const BATCH: i32 = 10;
const LONGEST_WAIT: i32 = 20;

/// Which queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueArn {
    pub partition: String,
    pub region: String,
    /// Twelve digits.
    pub account: String,
    pub name: String,
}

impl FromStr for QueueArn {
    type Err = &'static str;

    fn from_str(arn: &str) -> std::result::Result<Self, Self::Err> {
        let ["arn", partition, "sqs", region, account, name] = arn.split(':').collect::<Vec<_>>()[..] else {
            return Err("the ARN of an SQS queue is arn:PARTITION:sqs:REGION:ACCOUNT:NAME");
        };
        let [partition, region, account, name] = [partition, region, account, name].map(str::to_owned);
        Ok(QueueArn { partition, region, account, name })
    }
}

impl fmt::Display for QueueArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueueArn { partition, region, account, name } = self;
        write!(f, "arn:{partition}:sqs:{region}:{account}:{name}")
    }
}

/// A queue.
pub struct Queue {
    sqs: aws_sdk_sqs::Client,
    arn: QueueArn,
    /// Where it is, as SQS says.
    url: OnceCell<String>,
}

/// A message that was received, and that nobody else gets until the queue's visibility timeout is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub body: String,
    receipt: String,
}

impl Queue {
    /// The queue with this ARN. Makes no call.
    pub fn new(clients: &Clients, arn: QueueArn) -> Self {
        Queue { sqs: clients.sqs(&arn.region), arn, url: OnceCell::new() }
    }

    /// What came in: waits up to twenty seconds for it, and answers nothing where nothing came.
    ///
    /// # Errors
    /// As classified.
    pub async fn receive(&self) -> Result<Vec<Message>> {
        let request = self.sqs.receive_message().queue_url(self.url().await?);
        let request = request.max_number_of_messages(BATCH).wait_time_seconds(LONGEST_WAIT);
        let answer = request.send().await.map_err(classify)?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(Message::from).collect())
    }

    /// Deletes what was received.
    ///
    /// # Errors
    /// As classified; `Retry` where some of it stays: it is received again.
    pub async fn delete(&self, messages: &[Message]) -> Result<()> {
        let url = self.url().await?;
        for batch in messages.chunks(BATCH.unsigned_abs() as usize) {
            let entry = |(index, message): (usize, &Message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.receipt_handle(&message.receipt).build().map_err(Error::invalid)
            };
            let entries = batch.iter().enumerate().map(entry).collect::<Result<Vec<_>>>()?;
            let answer = self.sqs.delete_message_batch().queue_url(url).set_entries(Some(entries)).send().await;
            if let Some(failed) = answer.map_err(classify)?.failed.first() {
                return Err(Error::retry(format!(
                    "a message was not deleted: {}",
                    failed.message().unwrap_or(failed.code())
                )));
            }
        }
        Ok(())
    }

    async fn url(&self) -> Result<&str> {
        let ask = || async {
            let request = self.sqs.get_queue_url().queue_name(&self.arn.name);
            let request = request.queue_owner_aws_account_id(&self.arn.account);
            let answer = request.send().await.map_err(classify)?;
            answer.queue_url.ok_or_else(|| Error::retry("SQS does not say where the queue is"))
        };
        self.url.get_or_try_init(ask).await.map(String::as_str)
    }
}

impl From<Received> for Message {
    fn from(received: Received) -> Self {
        Message { body: received.body.unwrap_or_default(), receipt: received.receipt_handle.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_sqs::Client;
    use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchOutput;
    use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlOutput;
    use aws_sdk_sqs::operation::receive_message::ReceiveMessageOutput;
    use aws_sdk_sqs::types::BatchResultErrorEntry;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::reason;

    const ARN: &str = "arn:aws:sqs:eu-west-1:123456789012:terrace";
    const URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/terrace";

    fn asked() -> Rule {
        mock!(Client::get_queue_url)
            .match_requests(|request| request.queue_name() == Some("terrace"))
            .then_output(|| GetQueueUrlOutput::builder().queue_url(URL).build())
    }

    fn received(bodies: &'static [&'static str]) -> Rule {
        let message = |body: &&str| Received::builder().body(*body).receipt_handle(format!("receipt-{body}")).build();
        mock!(Client::receive_message)
            .match_requests(|request| {
                request.queue_url() == Some(URL)
                    && request.wait_time_seconds() == Some(LONGEST_WAIT)
                    && request.max_number_of_messages() == Some(BATCH)
            })
            .then_output(move || {
                ReceiveMessageOutput::builder().set_messages(Some(bodies.iter().map(message).collect())).build()
            })
    }

    fn deleted(failed: Option<BatchResultErrorEntry>) -> Rule {
        mock!(Client::delete_message_batch)
            .match_requests(|request| {
                let receipts: Vec<_> = request.entries().iter().map(|entry| entry.receipt_handle()).collect();
                let ids: Vec<_> = request.entries().iter().map(|entry| entry.id()).collect();
                request.queue_url() == Some(URL) && receipts == ["receipt-a", "receipt-b"] && ids == ["0", "1"]
            })
            .then_output(move || {
                DeleteMessageBatchOutput::builder()
                    .set_successful(Some(Vec::new()))
                    .set_failed(Some(failed.iter().cloned().collect()))
                    .build()
                    .expect("both lists are set")
            })
    }

    fn queue(rules: &[&Rule]) -> Queue {
        let client = mock_client!(aws_sdk_sqs, RuleMode::MatchAny, rules);
        Queue::new(&clients().with_client(REGION, client), ARN.parse().expect("an ARN"))
    }

    #[tokio::test]
    async fn what_comes_in_is_waited_for_and_deleted_in_one_call() {
        let (asked, deleted) = (asked(), deleted(None));
        let queue = queue(&[&asked, &received(&["a", "b"]), &deleted]);
        let messages = queue.receive().await.expect("messages");
        assert_eq!(messages.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(queue.delete(&messages).await, Ok(()));
        assert_eq!((asked.num_calls(), deleted.num_calls()), (1, 1), "where the queue is, is asked once");
    }

    #[tokio::test]
    async fn what_stays_in_the_queue_is_said() {
        let failed = BatchResultErrorEntry::builder().id("1").sender_fault(false).code("InternalError").build();
        let queue = queue(&[&asked(), &received(&["a", "b"]), &deleted(failed.ok())]);
        let messages = queue.receive().await.expect("messages");
        let error = queue.delete(&messages).await.expect_err("one stays");
        assert_eq!(
            (error.reason(), error.to_string().as_str()),
            (reason::RETRYING, "a message was not deleted: InternalError")
        );
    }

    #[tokio::test]
    async fn nothing_is_received_from_an_empty_queue_and_nothing_deleted() {
        let (asked, received, deleted) = (asked(), received(&[]), deleted(None));
        let queue = queue(&[&asked, &received, &deleted]);
        let messages = queue.receive().await.expect("an answer");
        assert_eq!((queue.delete(&messages).await, deleted.num_calls()), (Ok(()), 0));
    }

    #[test]
    fn an_arn_reads_back_as_written_and_what_is_none_is_refused() {
        assert_eq!(ARN.parse::<QueueArn>().expect("an ARN").to_string(), ARN);
        for arn in ["terrace", "arn:aws:sns:eu-west-1:123456789012:terrace", "arn:aws:sqs:eu-west-1:terrace", URL] {
            assert!(arn.parse::<QueueArn>().is_err(), "{arn}");
        }
    }
}
