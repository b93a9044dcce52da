//! The state as it is sent to a browser, and by what it tells that nothing has changed since.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use super::{Asked, view_of};
use crate::World;
use crate::plan::Plan;

/// What is answered under [`super::STATE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// For the header `ETag`: the same as long as nothing but the time of reading differs. Whoever sends it back in
    /// `If-None-Match` has the state already, and is answered 304 with this and the header `Date`, and nothing more.
    pub etag: String,
    /// JSON.
    pub body: String,
}

/// Answers what the query of a browser asks.
///
/// # Errors
/// Never as long as a [`super::View`] is plain data.
pub fn answer(world: &World, plan: Option<&Plan>, now: Timestamp, query: Option<&str>) -> serde_json::Result<Answer> {
    let body = serde_json::to_string(&view_of(world, plan, now, &Asked::of(query)))?;
    // The time of reading comes first.
    let rest = body.split_once(',').map_or(&*body, |(_, rest)| rest);
    let mut hasher = DefaultHasher::new();
    rest.hash(&mut hasher);
    Ok(Answer { etag: format!("\"{:016x}\"", hasher.finish()), body })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::Value;

    use super::*;
    use crate::web_world::{now, web_world};

    #[test]
    fn the_tag_is_another_one_when_anything_but_the_time_of_reading_is() {
        let mut world = web_world();
        let of = |world: &World, later: i64, query| {
            answer(world, None, now() + SignedDuration::from_secs(later), query).expect("plain data")
        };
        let (first, later) = (of(&world, 0, None), of(&world, 3, Some("near=shop")));
        assert_eq!(first.etag, later.etag);
        assert_ne!(first.body, later.body);
        assert!(first.etag.starts_with('"') && first.etag.ends_with('"') && first.etag.len() == 18);
        let other = of(&world, 0, Some("namespace=shop"));
        assert_ne!(first.etag, other.etag);
        world.object_mut("CacheTier shop/sessions").paused = true;
        assert_ne!(first.etag, of(&world, 0, None).etag);
    }

    #[test]
    fn the_time_of_reading_comes_first_so_that_the_page_can_leave_it_out() {
        let answer = answer(&web_world(), None, now(), None).expect("plain data");
        assert!(answer.body.starts_with("{\"now\":\"2026-07-27T03:00:00Z\",\"many\":false,"));
        let value: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(value["cards"].as_array().map(Vec::len), Some(6));
    }
}
