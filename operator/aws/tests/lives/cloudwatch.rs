//! CloudWatch alarms against an emulator.

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use terrace_aws::describe::{Alarm, Describe};

use crate::bed::{REGION, clients, skip};
use crate::gaps;

#[tokio::test]
async fn the_states_of_alarms_are_read_by_name() {
    let Some(clients) = clients() else { return };
    if gaps::emulator() == "moto" {
        return skip("the emulator does not understand the SDK's calls of CloudWatch, which speak CBOR");
    }
    let (cloudwatch, name) = (clients.cloudwatch(REGION), |name: &str| format!("{name}-{}", clients.account()));
    for (alarm, state) in [("quiet", StateValue::Ok), ("errors", StateValue::Alarm)] {
        let request = cloudwatch.put_metric_alarm().alarm_name(name(alarm)).namespace("AWS/ApplicationELB");
        let request = request.metric_name("HTTPCode_Target_5XX_Count").statistic(Statistic::Sum).period(60);
        let request = request.evaluation_periods(1).threshold(10.0);
        let request = request.comparison_operator(ComparisonOperator::GreaterThanThreshold);
        request.send().await.expect("an alarm is made");
        let request = cloudwatch.set_alarm_state().alarm_name(name(alarm)).state_value(state);
        request.state_reason("a test says so").send().await.expect("it is set");
    }
    let names = ["quiet", "errors", "gone"].map(name).into();
    let found = Describe::new(clients.clone()).alarms(REGION, &names).await.expect("they are read");
    assert_eq!(found.get(&name("quiet")), Some(&Alarm::Ok));
    assert!(matches!(found.get(&name("errors")), Some(Alarm::Alarm(_))), "{found:?}");
    assert_eq!(found.get(&name("gone")), None);
}
