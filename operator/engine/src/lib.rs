//! The provider contract, plan, walk, policies, errors and the in-memory AWS. No SDK, no Kubernetes.
