//! Kubernetes objects as nodes of the graph, by server-side apply.
