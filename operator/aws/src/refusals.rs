//! The calls that AWS refused within a pass, so that what is told of it can name the request, as AWS's support asks for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;

use crate::calls::Call;

/// The most that a pass remembers.
const MOST: usize = 32;

tokio::task_local! {
    static REFUSED: RefCell<VecDeque<Refused>>;
}

struct Refused {
    code: String,
    request: String,
}

/// Does a pass, and remembers meanwhile which calls AWS refused. What another pass asked for on its behalf, as a list that
/// many share, is remembered by that one.
pub async fn remembered<T>(pass: impl Future<Output = T>) -> T {
    REFUSED.scope(RefCell::default(), pass).await
}

/// Takes note of a call that was refused.
pub(crate) fn note(call: &Call<'_>) {
    let (Some(code), Some(id)) = (call.code, call.request_id) else { return };
    let refused = Refused { code: code.into(), request: format!("{}/{} {id}", call.service, call.operation) };
    // Outside a pass nobody will ask.
    let _ = REFUSED.try_with(|all| {
        let mut all = all.borrow_mut();
        if all.len() == MOST {
            all.pop_front();
        }
        all.push_back(refused);
    });
}

/// The latest request of this pass whose error code a message has in it, as `RDS/CreateDBInstance 3c1b…`.
pub fn request_of(message: &str) -> Option<String> {
    let find = |all: &RefCell<VecDeque<Refused>>| {
        all.borrow().iter().rev().find(|refused| message.contains(&refused.code)).map(|refused| refused.request.clone())
    };
    REFUSED.try_with(find).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn call<'a>(code: &'a str, request_id: &'a str) -> Call<'a> {
        Call {
            account: "111122223333",
            region: "eu-west-1",
            service: "RDS",
            operation: "CreateDBInstance",
            code: Some(code),
            throttled: false,
            request_id: Some(request_id),
            elapsed: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn a_message_leads_to_the_request_that_it_is_about() {
        let told = remembered(async {
            note(&call("DBInstanceNotFound", "1"));
            note(&call("StorageQuotaExceeded", "2"));
            note(&call("DBInstanceNotFound", "3"));
            let of = |message: &str| request_of(message);
            (of("StorageQuotaExceeded: no more"), of("DBInstanceNotFound"), of("everything is as wished"))
        });
        let (quota, absent, none) = told.await;
        assert_eq!(quota.as_deref(), Some("RDS/CreateDBInstance 2"));
        assert_eq!(absent.as_deref(), Some("RDS/CreateDBInstance 3"));
        assert_eq!(none, None);
    }

    #[tokio::test]
    async fn a_pass_remembers_some_and_nothing_is_kept_outside() {
        note(&call("Throttling", "0"));
        assert_eq!(request_of("Throttling"), None);
        let first = remembered(async {
            (0..=MOST).for_each(|number| note(&call(&format!("Code{number}-"), "id")));
            (request_of("Code0-"), request_of("Code1-").is_some())
        });
        assert_eq!(first.await, (None, true));
    }
}
