//! The parameters that an engine's family has.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use terrace_engine::Result;

use super::{Parameter, Parameters};
use crate::Clients;
use crate::errors::{classify, code};

/// RDS and ElastiCache name the fields of a parameter alike.
macro_rules! entry {
    ($item:expr) => {{
        let item = $item;
        let modifiable = item.is_modifiable.unwrap_or(true);
        let parameter = Parameter { modifiable, allowed_values: item.allowed_values, data_type: item.data_type };
        (item.parameter_name, parameter)
    }};
}

/// The families of ElastiCache begin with its engines.
const CACHES: &[&str] = &["valkey", "redis", "memcached"];

/// Reads a family; `None` where nobody can say.
pub async fn read(clients: &Clients, region: &str, family: &str) -> Result<Option<Arc<Parameters>>> {
    if CACHES.iter().any(|engine| family.starts_with(engine)) {
        let client = clients.elasticache(region);
        let request = client.describe_engine_default_parameters().cache_parameter_group_family(family);
        return parameters(request.into_paginator().items().send(), |item| entry!(item)).await;
    }
    let client = clients.rds(region);
    if family.starts_with("aurora") {
        let request = client.describe_engine_default_cluster_parameters().db_parameter_group_family(family);
        return parameters(request.into_paginator().items().send(), |item| entry!(item)).await;
    }
    let request = client.describe_engine_default_parameters().db_parameter_group_family(family);
    parameters(request.into_paginator().items().send(), |item| entry!(item)).await
}

async fn parameters<T, E>(
    mut items: PaginationStream<std::result::Result<T, SdkError<E, HttpResponse>>>,
    entry: impl Fn(T) -> (Option<String>, Parameter),
) -> Result<Option<Arc<Parameters>>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let mut found = Parameters::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => {
                let (name, parameter) = entry(item);
                found.extend(name.map(|name| (name, parameter)));
            }
            Err(error) if is_unknown_operation(&error) => return Ok(None),
            Err(error) => return Err(classify(error)),
        }
    }
    Ok((!found.is_empty()).then(|| Arc::new(found)))
}

/// Whether whoever answered does not know the call, as emulators do not know them all. AWS's own errors have a code, and
/// none of these.
fn is_unknown_operation<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match code(error) {
        Some("InvalidAction" | "UnknownOperationException" | "NotImplemented") => true,
        Some(_) => false,
        None => matches!(status, Some(404 | 405 | 500 | 501)),
    }
}
