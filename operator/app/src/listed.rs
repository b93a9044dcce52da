//! Says when a watch has listed all there is, so that nothing is decided on half a list.
//!
//! `Store::wait_until_ready` wakes one of those who wait for it; here any number may.

use kube::runtime::watcher;
use tokio::sync::watch;

/// Whether a watch has listed all there is.
#[derive(Clone)]
pub struct Listed(watch::Sender<bool>);

impl Default for Listed {
    fn default() -> Self {
        Listed(watch::channel(false).0)
    }
}

impl Listed {
    /// Notes what a watch says. That it fails is logged: until it has listed all there is, whoever waits for it stands.
    pub fn note<K>(&self, event: &watcher::Result<watcher::Event<K>>) {
        match event {
            Ok(watcher::Event::InitDone) => drop(self.0.send_replace(true)),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "a watch failed, and is begun again"),
        }
    }

    /// Waits for the first list to be whole.
    pub async fn wait(&self) {
        // The sender lives as long as `self`, so the channel cannot close meanwhile.
        let _ = self.0.subscribe().wait_for(|listed| *listed).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn everyone_who_waits_is_told() {
        let listed = Listed::default();
        assert!(listed.wait().now_or_never().is_none());
        listed.note::<()>(&Ok(watcher::Event::Init));
        assert!(listed.wait().now_or_never().is_none());
        let waiting = [listed.wait(), listed.wait(), listed.wait()];
        listed.note::<()>(&Ok(watcher::Event::InitDone));
        futures::future::join_all(waiting).await;
        assert!(listed.wait().now_or_never().is_some());
    }
}
