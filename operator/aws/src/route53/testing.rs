//! Zones that the tests of this service share.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_route53::Client;
use aws_sdk_route53::operation::change_resource_record_sets::{
    ChangeResourceRecordSetsError, ChangeResourceRecordSetsOutput,
};
use aws_sdk_route53::operation::get_change::GetChangeOutput;
use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
use aws_sdk_route53::types::error::InvalidChangeBatch;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeInfo, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;

use super::read::{RecordKey, Records};
use super::shape::plain_record;

pub const ZONE: &str = "Z1";

/// A record with values, of no more than is said.
pub fn record(name: &str, kind: RrType, value: &str) -> ResourceRecordSet {
    plain_record(name, kind, 300, value.to_owned()).expect("it is whole")
}

/// A TXT record.
pub fn text(name: &str, value: &str) -> ResourceRecordSet {
    record(name, RrType::Txt, value)
}

/// What stands in a zone.
pub fn zone(records: impl IntoIterator<Item = ResourceRecordSet>) -> Records {
    records.into_iter().collect()
}

/// A zone that takes batches as Route 53 does: all of a batch or nothing, no second record of one name, and only what is
/// there is taken away.
#[derive(Clone, Default)]
pub struct Zone(Arc<Mutex<Vec<ResourceRecordSet>>>);

impl Zone {
    pub fn of(records: impl IntoIterator<Item = ResourceRecordSet>) -> Self {
        Zone(Arc::new(Mutex::new(records.into_iter().collect())))
    }

    pub fn records(&self) -> Records {
        self.standing().into_iter().collect()
    }

    fn standing(&self) -> Vec<ResourceRecordSet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody else's change.
    pub fn put(&self, record: ResourceRecordSet) {
        let key = RecordKey::of(&record);
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.retain(|other| RecordKey::of(other) != key);
        records.push(record);
    }

    /// Somebody else's deletion.
    pub fn take(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|record| record.name() != name);
    }

    fn change(&self, changes: &[Change]) -> Result<(), String> {
        let mut records = self.standing();
        for change in changes {
            let record = change.resource_record_set().expect("it names a record");
            let key = RecordKey::of(record);
            let found = records.iter().position(|other| RecordKey::of(other) == key);
            match (change.action(), found) {
                (ChangeAction::Create, Some(_)) => {
                    return Err(format!("[Tried to create resource record set {key:?} but it already exists]"));
                }
                (ChangeAction::Delete, None) => {
                    return Err(format!("[Tried to delete resource record set {key:?} but it was not found]"));
                }
                (ChangeAction::Delete, Some(at)) if records[at] != *record => {
                    return Err(format!("[Tried to delete {key:?} but the values provided do not match the current]"));
                }
                (ChangeAction::Delete, Some(at)) => drop(records.remove(at)),
                (_, Some(at)) => records[at] = record.clone(),
                (_, None) => records.push(record.clone()),
            }
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = records;
        Ok(())
    }

    /// Lists what stands.
    pub fn list(&self) -> Rule {
        let zone = self.clone();
        mock!(Client::list_resource_record_sets).then_compute_output(move |_| {
            ListResourceRecordSetsOutput::builder()
                .set_resource_record_sets(Some(zone.standing()))
                .is_truncated(false)
                .max_items(300)
                .build()
                .expect("it is whole")
        })
    }

    /// Takes the batches that it can take.
    pub fn take_batches(&self) -> Rule {
        let (tried, zone) = (self.clone(), self.clone());
        mock!(Client::change_resource_record_sets)
            .match_requests(move |request| {
                let batch = request.change_batch().expect("there is one");
                Zone::of(tried.standing()).change(batch.changes()).is_ok()
            })
            .then_compute_output(move |request| {
                let batch = request.change_batch().expect("there is one");
                zone.change(batch.changes()).expect("it was tried");
                let info = ChangeInfo::builder().id("/change/C1").status(ChangeStatus::Pending);
                let info = info.submitted_at(DateTime::from_secs(0)).build().expect("it is whole");
                ChangeResourceRecordSetsOutput::builder().change_info(info).build()
            })
    }

    /// Refuses the others.
    pub fn refuse_batches(&self) -> Rule {
        let zone = self.clone();
        mock!(Client::change_resource_record_sets)
            .match_requests(move |request| {
                let batch = request.change_batch().expect("there is one");
                Zone::of(zone.standing()).change(batch.changes()).is_err()
            })
            .then_error(|| refusal("[Tried to create resource record set [name='x', type='A'] but it already exists]"))
    }
}

/// What Route 53 says of every change that it made.
pub fn status(status: ChangeStatus) -> Rule {
    mock!(Client::get_change).then_output(move || {
        let info = ChangeInfo::builder().id("/change/C1").status(status.clone());
        let info = info.submitted_at(DateTime::from_secs(0)).build().expect("it is whole");
        GetChangeOutput::builder().change_info(info).build()
    })
}

/// What Route 53 says of a batch that it does not take.
pub fn refusal(message: &str) -> ChangeResourceRecordSetsError {
    let meta = ErrorMetadata::builder().code("InvalidChangeBatch").build();
    let error = InvalidChangeBatch::builder().messages(message).meta(meta).build();
    ChangeResourceRecordSetsError::InvalidChangeBatch(error)
}

/// A record of several values.
pub fn with_values(mut record: ResourceRecordSet, values: impl IntoIterator<Item = String>) -> ResourceRecordSet {
    let value = |text| ResourceRecord::builder().value(text).build().expect("it is whole");
    record.resource_records = Some(values.into_iter().map(value).collect());
    record
}
