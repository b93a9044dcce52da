//! What references come to, case by case.

use super::testing::{copy, grant, listing, orders, pinned, referring, standing, used};
use super::*;
use neighbourhood::Neighbour;

const GRANT: &str = "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier}]}";

/// `orders` as it is, `copy` that refers to it, and a grant.
fn all(orders: Option<Neighbour>) -> Neighbourhood {
    let mut all = Neighbourhood::default();
    all.set(&self::orders(), orders);
    all.set(&copy(), Some(referring(vec![used(self::orders())])));
    all.set_grant("shop", "analytics", Some(grant(GRANT)));
    all
}

fn ask(all: &Neighbourhood, uses: &[Use], made: &[&str]) -> Result<Objects, Problem> {
    let made = made.iter().map(|id| (*id).to_owned()).collect();
    let asking = Asking { me: &copy(), environment: &pinned("e"), made: &made };
    let (objects, waits) = targets(all, uses, &asking)?;
    waits.map_or(Ok(objects), Err)
}

fn listed() -> Neighbour {
    listing(vec![used(orders()).entry(&copy())])
}

#[test]
fn a_reference_is_open_once_the_target_lists_the_user_and_has_what_it_needs() {
    let uses = [used(orders())];
    let blank = |neighbour: Neighbour| Neighbour { outputs: BTreeMap::new(), ..neighbour };
    for (target, says) in [
        (
            None,
            "ReferenceNotFound: spec.restoreFrom names DataTier shop/orders, and there is none: apply it, or correct the name",
        ),
        (Some(standing()), "Waiting: spec.restoreFrom: waiting for DataTier shop/orders to admit this object"),
        (
            Some(Neighbour { deleting: true, ..standing() }),
            "Waiting: spec.restoreFrom: waiting for DataTier shop/orders, which is being deleted, to admit this object",
        ),
        (Some(blank(listed())), "Waiting: spec.restoreFrom: waiting for DataTier shop/orders, which has no arn yet"),
    ] {
        let problem = ask(&all(target), &uses, &[]).expect_err("it is not open");
        assert_eq!(format!("{}: {}", problem.reason, problem.message), says);
        assert!(!problem.stalled);
    }
    let open = ask(&all(Some(listed())), &uses, &[]).expect("it is open");
    assert_eq!(open["DataTier/shop/orders"]["arn"], "arn:a");
}

#[test]
fn an_entry_for_less_access_is_not_the_one_that_is_asked_for() {
    let more = Use { access: terrace_crds::GrantAccess::ReadWrite, ..used(orders()) };
    let mut all = all(Some(listed()));
    let write = "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier}], access: [ReadWrite]}";
    all.set_grant("shop", "write", Some(grant(write)));
    let problem = ask(&all, &[more], &[]).expect_err("it is not listed for that");
    assert_eq!(problem.reason, "Waiting");
}

#[test]
fn without_a_grant_it_is_not_told_whether_there_is_such_an_object() {
    let refused = |target: Option<Neighbour>| {
        let mut all = all(target);
        all.set_grant("shop", "analytics", None);
        ask(&all, &[used(orders())], &[]).expect_err("it is not granted")
    };
    let words = refused(None);
    assert_eq!((words.reason, words.stalled), ("ReferenceNotGranted", true));
    let elsewhere = Neighbour { environment: Some(pinned("other")), ..standing() };
    for target in [standing(), listed(), elsewhere, Neighbour { deleting: true, ..standing() }] {
        assert_eq!(refused(Some(target)), words);
    }
}

#[test]
fn what_can_never_be_is_refused() {
    let itself = ask(&all(None), &[used(copy())], &[]).expect_err("it is itself");
    assert_eq!(
        (itself.reason, itself.message.as_str()),
        ("InvalidSpec", "spec.restoreFrom names this object itself: name another")
    );
    let elsewhere = Neighbour { environment: Some(pinned("other")), ..listed() };
    let problem = ask(&all(Some(elsewhere)), &[used(orders())], &[]).expect_err("it is elsewhere");
    assert_eq!((problem.reason, problem.stalled), ("EnvironmentDiffers", true));
}

#[test]
fn a_circle_is_named_with_all_who_are_in_it_but_stands_once_everything_is_made() {
    let between = ObjectKey::new("DataTier", "shop", "between");
    let mut all = all(Some(referring(vec![used(between.clone())])));
    all.set(&between, Some(referring(vec![used(copy())])));
    let back = "{from: [{kind: DataTier, namespace: shop}], to: [{kind: DataTier}]}";
    all.set_grant("analytics", "shop", Some(grant(back)));
    let problem = ask(&all, &[used(orders())], &[]).expect_err("nobody can begin");
    assert_eq!((problem.reason, problem.stalled), ("ReferenceCycle", true));
    let round = "DataTier analytics/copy → DataTier shop/orders → DataTier shop/between → DataTier analytics/copy";
    assert!(problem.message.contains(round), "{problem}");
    let over = Use { until: Some("db"), ..used(orders()) };
    assert_eq!(ask(&all, &[over], &["db"]), Ok(Objects::new()));
}

#[test]
fn what_a_target_has_for_one_binding_stands_over_what_it_has_for_all() {
    let own = [("arn".to_owned(), "arn:own".to_owned())].into();
    let binding = Use { binding: Some("db".into()), ..used(orders()) };
    let listed = |outputs| User { outputs, ..binding.entry(&copy()) };
    let (mine, plain) = (listed(own), listed(BTreeMap::new()));
    for (user, expected) in [(mine, "arn:own"), (plain, "arn:a")] {
        let open = ask(&all(Some(listing(vec![user]))), std::slice::from_ref(&binding), &[]).expect("it is open");
        assert_eq!(open["DataTier/shop/orders#db"]["arn"], expected);
    }
}

#[test]
fn all_that_is_not_admitted_is_named_at_once_and_before_what_is_waited_for() {
    let (missing, theirs) =
        (used(ObjectKey::new("DataTier", "shop", "missing")), |name| used(ObjectKey::new("DataTier", "other", name)));
    let problem = ask(&all(None), &[missing.clone(), theirs("a"), theirs("b")], &[]).expect_err("two are refused");
    assert_eq!(problem.reason, "ReferenceNotGranted");
    assert!(problem.message.contains("other/a") && problem.message.contains("other/b"), "{problem}");
    assert!(!problem.message.contains("missing"), "{problem}");
    assert_eq!(ask(&all(None), &[missing], &[]).expect_err("it is missing").reason, "ReferenceNotFound");
}

#[test]
fn a_use_that_is_over_holds_nothing_up() {
    let over = Use { until: Some("db"), ..used(orders()) };
    assert!(ask(&Neighbourhood::default(), std::slice::from_ref(&over), &[]).is_err());
    assert_eq!(ask(&Neighbourhood::default(), std::slice::from_ref(&over), &["db"]), Ok(Objects::new()));
    assert_eq!(ask(&all(Some(listed())), &[over], &["db"]).expect("it is open").len(), 1);
}

#[test]
fn what_is_waited_for_does_not_hold_the_rest_of_the_object_up() {
    let asking = Asking { me: &copy(), environment: &pinned("e"), made: &BTreeSet::new() };
    let all = all(Some(standing()));
    let (objects, waits) = targets(&all, &[used(orders())], &asking).expect("the rest of it goes on");
    assert!(objects.is_empty() && waits.is_some_and(|waits| waits.reason == "Waiting"));
    let nobody = used(ObjectKey::new("DataTier", "shop", "nobody"));
    assert_eq!(targets(&all, &[nobody], &asking).expect_err("there is none").reason, "ReferenceNotFound");
}

#[test]
fn the_users_are_the_live_objects_that_refer_and_may() {
    let mut all = all(Some(standing()));
    let own = ObjectKey::new("WebApp", "shop", "shop");
    let group = Use { security_group: Some("securityGroupId"), binding: Some("db".into()), ..used(orders()) };
    let outputs = [("securityGroupId".to_owned(), "sg-1".to_owned())].into();
    all.set(
        &own,
        Some(Neighbour { outputs, ..referring(vec![group.clone(), Use { binding: Some("again".into()), ..group }]) }),
    );
    all.set(&ObjectKey::new("WebApp", "web", "portal"), Some(referring(vec![used(orders())])));
    let users = users(&all, &orders());
    let named: Vec<_> = users.iter().map(|user| (user.who.name.as_str(), user.who.binding.as_deref())).collect();
    assert_eq!(named, [("copy", None), ("shop", Some("again")), ("shop", Some("db"))]);
    let foreign = foreign(&all, &[("DataTier/shop/orders".to_owned(), standing().outputs)].into(), &users);
    assert_eq!(foreign.keys().collect::<Vec<_>>(), ["DataTier/shop/orders", "WebApp/shop/shop"]);
    assert_eq!(foreign["WebApp/shop/shop"]["securityGroupId"], "sg-1");
    all.set_grant("shop", "analytics", None);
    assert_eq!(super::users(&all, &orders()).len(), 2);
}

#[test]
fn a_user_that_cannot_make_its_role_does_not_keep_the_others_waiting() {
    let shop = ObjectKey::new("WebApp", "shop", "shop");
    let by_role = Use { principal: Some("roleArn"), ..used(orders()) };
    let role = [("roleArn".to_owned(), "arn:role".to_owned())];
    // Whether the principal is in the policy, when the user stands like this.
    let is_let_in = |user: Neighbour| {
        let mut all = Neighbourhood::default();
        all.set(&shop, Some(Neighbour { uses: vec![by_role.clone()], ..user }));
        let asking = Asking { me: &orders(), environment: &pinned("e"), made: &BTreeSet::new() };
        let links = links(&all, &[], &asking, &users(&all, &orders()), &[]).expect("nothing is referred to");
        assert_eq!(links.users.len(), 1, "it is listed all the same");
        links.users[0].principal.is_some()
    };
    assert!(is_let_in(Neighbour { outputs: role.into(), ..Neighbour::default() }));
    assert!(!is_let_in(Neighbour::default()), "also where its spec is refused, and it never had an Environment");
    let waits = "the policy stays as it is until more is known";
    assert!(is_let_in(Neighbour { blank: true, ..Neighbour::default() }), "{waits}");
    assert!(is_let_in(Neighbour { deleting: true, ..Neighbour::default() }), "{waits}");
}

#[test]
fn a_user_that_is_listed_stays_when_too_many_come_and_goes_when_it_is_none_any_more() {
    let user = |number: usize| facts::User {
        who: used(orders()).entry(&ObjectKey::new("WebApp", "shop", &format!("app-{number:04}"))),
        security_group: None,
        principal: None,
    };
    let live: Vec<_> = (0..=MOST_USERS).map(user).collect();
    let last = user(MOST_USERS).who;
    let kept = admitted(&live, std::slice::from_ref(&last));
    assert_eq!(kept.len(), MOST_USERS);
    assert!(kept.iter().any(|user| user.who == last) && kept.is_sorted_by(|a, b| a.who <= b.who));
    let status = |observed_generation| {
        let users = vec![last.clone(), user(9_999).who];
        TierStatus { observed_generation, users, ..TierStatus::default() }
    };
    assert_eq!(remaining(&live, &status(1)), std::slice::from_ref(&last));
    assert_eq!(remaining(&live, &status(-1)).len(), MOST_USERS);
}

/// What keeps `orders`, if it has listed `copy` and `status` is what it knows.
fn kept(all: &Neighbourhood, status: &TierStatus) -> Option<String> {
    holders(all, &orders(), status).map(|problem| {
        assert_eq!((problem.reason, problem.stalled), ("InUse", false));
        problem.message
    })
}

#[test]
fn an_object_is_kept_by_the_users_that_it_has_admitted() {
    let all_of = all(Some(standing()));
    let status = |users| TierStatus { observed_generation: 1, users, ..TierStatus::default() };
    let entry = used(orders()).entry(&copy());
    let message = kept(&all_of, &status(vec![entry.clone()])).expect("it is kept");
    assert!(message.starts_with("in use by DataTier analytics/copy (spec.restoreFrom): "), "{message}");
    // Who came after the deletion never used it; of a status that was lost nobody knows.
    assert_eq!(kept(&all_of, &status(vec![])), None);
    assert!(kept(&all_of, &TierStatus::default()).is_some());
    // A user that is gone, or whose grant is, keeps nothing.
    let mut gone = all(Some(standing()));
    gone.set(&copy(), None);
    assert_eq!(kept(&gone, &status(vec![entry.clone()])), None);
    let mut withdrawn = all(Some(standing()));
    withdrawn.set_grant("shop", "analytics", None);
    assert_eq!(kept(&withdrawn, &status(vec![entry])), None);
}

#[test]
fn objects_that_refer_to_one_another_and_are_all_deleted_do_not_wait_for_one_another() {
    let status =
        TierStatus { observed_generation: 1, users: vec![used(orders()).entry(&copy())], ..TierStatus::default() };
    let mut all = all(Some(referring(vec![used(copy())])));
    assert!(kept(&all, &status).is_some(), "the other is to stay");
    all.set(&copy(), Some(Neighbour { deleting: true, ..referring(vec![used(orders())]) }));
    assert_eq!(kept(&all, &status), None);
    // One that is deleted too, and is no target, goes first.
    all.set(&orders(), Some(standing()));
    assert!(kept(&all, &status).is_some());
}

#[test]
fn a_report_of_waiting_names_the_reference_that_waits() {
    use terrace_engine::report::Verdict;
    let verdict = |status, reason, message: &str| Verdict { status, reason, message: message.into() };
    let report = |reason: &'static str| Report {
        ready: verdict(false, reason, "binding: waiting for db"),
        reconciling: verdict(true, "Reconciling", "binding: waiting for db"),
        stalled: verdict(false, "Progressing", ""),
        drifted: verdict(false, "AsWished", ""),
        degraded: verdict(false, "AsExpected", ""),
        nodes: BTreeMap::new(),
    };
    let waits = ask(&all(Some(standing())), &[used(orders())], &[]).expect_err("it is not listed");
    for (reason, says) in [("Waiting", waits.message.as_str()), ("Settling", "binding: waiting for db")] {
        let mut report = report(reason);
        explain(&mut report, &waits);
        assert_eq!((report.ready.reason, report.ready.message.as_str()), (reason, says));
        assert_eq!((report.reconciling.reason, report.reconciling.message.as_str()), ("Reconciling", says));
    }
}
