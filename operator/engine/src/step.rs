//! One step of a plan: one call to a provider, and the look that follows it.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use terrace_model::{Diff, Handle, Id, NodeKey};

use crate::error::{Error, Result};
use crate::plan::Action;
use crate::provider::{Backup, Erased, Look};

/// What a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    Look,
    Create,
    Update,
    Delete,
}

impl Doing {
    /// The call of an action; none for what only changes the record.
    pub fn of(action: &Action) -> Option<Doing> {
        match action {
            Action::Look => Some(Doing::Look),
            Action::Create(_) => Some(Doing::Create),
            Action::Update { .. } | Action::Release(_) => Some(Doing::Update),
            Action::Delete(_) => Some(Doing::Delete),
            Action::Keep | Action::Replace { .. } | Action::Forget | Action::Stop(_) => None,
        }
    }
}

/// A step with all it needs, so that it runs by itself.
pub struct Task {
    pub key: NodeKey,
    pub id: Id,
    pub action: Action,
    pub want: Value,
    pub have: Value,
    /// It was seen before: its absence would be news.
    pub stood: bool,
}

/// What came of it: its own result, and what a look found after it.
pub struct Done {
    pub key: NodeKey,
    pub handle: Option<Handle>,
    pub look: Option<Result<Look>>,
    pub backups: Option<Vec<Backup>>,
    pub failure: Option<Error>,
}

impl Done {
    /// A look, and nothing else.
    pub fn looked(key: NodeKey, look: Result<Look>) -> Done {
        Done { key, handle: None, look: Some(look), backups: None, failure: None }
    }
}

/// Carries one step out. After a change it looks again, unless the answer to a create says all that a look would.
pub fn perform(provider: Arc<dyn Erased>, mut task: Task) -> BoxFuture<'static, Done> {
    Box::pin(async move {
        let result = act(provider.as_ref(), &task).await;
        let mut done = Done { key: task.key.clone(), handle: None, look: None, backups: None, failure: None };
        match result {
            Ok(handle) => {
                if handle.is_some() {
                    task.id.handle.clone_from(&handle);
                }
                match handle.as_ref().and_then(|handle| provider.made(&task.id, &task.want, handle)) {
                    Some(sight) => done.look = Some(Ok(Look::Present(Box::new(sight)))),
                    None => look(provider.as_ref(), &task, &mut done).await,
                }
                done.handle = handle;
            }
            // Whether it had an effect is for the next pass to see.
            Err(error) => done.failure = Some(error),
        }
        done
    })
}

async fn act(provider: &dyn Erased, task: &Task) -> Result<Option<Handle>> {
    match &task.action {
        Action::Create(_) => return provider.create(&task.id, &task.want).await.map(Some),
        Action::Update { diff, .. } => provider.update(&task.id, &task.have, &task.want, diff).await?,
        Action::Release(diff) => provider.update(&task.id, &task.have, &without(&task.have, diff), diff).await?,
        Action::Delete(disposal) => provider.delete(&task.id, &task.have, disposal.clone()).await?,
        Action::Look | Action::Keep | Action::Replace { .. } | Action::Forget | Action::Stop(_) => {}
    }
    Ok(None)
}

/// What is there, less the tags that are to be taken off.
fn without(have: &Value, diff: &Diff) -> Value {
    let mut want = have.clone();
    if let Some(tags) = want.get_mut("tags").and_then(Value::as_object_mut) {
        for key in diff.removed("tags") {
            tags.remove(&key);
        }
    }
    want
}

async fn look(provider: &dyn Erased, task: &Task, done: &mut Done) {
    let look = provider.observe(&task.id).await;
    if matches!(look, Ok(Look::Absent)) && task.stood && provider.spec().holds_data && task.action == Action::Look {
        match provider.backups(&task.id).await {
            Ok(backups) => done.backups = Some(backups),
            Err(error) => done.failure = Some(error),
        }
    }
    done.look = Some(look);
}
