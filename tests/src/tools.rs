//! The programs that the bed is made of, and where they are.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cache;
use crate::golang::Build;
use crate::progress::Progress;
use crate::python::Python;

const KUBERNETES: Build = Build {
    module: "kubernetes",
    program: None,
    packages: &[
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "k8s.io/kubernetes/cmd/kube-scheduler",
        "k8s.io/kubernetes/cmd/kubectl",
    ],
    tags: "",
    // Without its version the server says v0.0.0, and clients complain.
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
              -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    files: None,
};

const ETCD: Build = Build {
    module: "etcd",
    program: Some("etcd"),
    packages: &["go.etcd.io/etcd/server/v3"],
    tags: "",
    ldflags: "-s -w",
    files: None,
};

const KWOK: Build = Build {
    module: "kwok",
    program: Some("kwok"),
    packages: &["sigs.k8s.io/kwok/cmd/kwok"],
    tags: "",
    ldflags: "-s -w",
    files: Some((
        "sigs.k8s.io/kwok",
        &[
            "kustomize/stage/node/fast/node-initialize.yaml",
            "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
            "kustomize/stage/pod/fast/pod-ready.yaml",
            "kustomize/stage/pod/fast/pod-complete.yaml",
            "kustomize/stage/pod/fast/pod-delete.yaml",
        ],
    )),
};

const HELM: Build = Build {
    module: "helm",
    program: None,
    packages: &["helm.sh/helm/v4/cmd/helm"],
    tags: "",
    ldflags: "-s -w",
    files: None,
};

const PROMETHEUS: Build = Build {
    module: "prometheus",
    program: None,
    packages: &["github.com/prometheus/prometheus/cmd/promtool"],
    // Without the clients of every cloud in which Prometheus itself finds what to scrape.
    tags: "remove_all_sd",
    ldflags: "-s -w",
    files: Some((
        "github.com/prometheus-operator/prometheus-operator",
        &[
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        ],
    )),
};

/// promtool, which the bed itself does without.
///
/// # Errors
/// When Go is missing, or the build fails.
pub async fn promtool(progress: &Progress) -> Result<PathBuf> {
    Ok(PROMETHEUS.get(&tools_folder(), &cache::root()?, progress).await?.join("promtool"))
}

/// The Prometheus operator's definitions of what the chart makes for it.
///
/// # Errors
/// As [`promtool`].
pub async fn monitoring_definitions(progress: &Progress) -> Result<Vec<PathBuf>> {
    Ok(PROMETHEUS.kept(&PROMETHEUS.get(&tools_folder(), &cache::root()?, progress).await?))
}

const ARGO_CD: Build = Build {
    module: "argocd",
    program: Some("argocd"),
    packages: &["github.com/argoproj/argo-cd/v3/cmd"],
    tags: "",
    ldflags: "-s -w",
    files: Some((
        "github.com/argoproj/argo-cd/v3",
        &[
            "manifests/crds/application-crd.yaml",
            "manifests/crds/applicationset-crd.yaml",
            "manifests/crds/appproject-crd.yaml",
        ],
    )),
};

const KUSTOMIZE: Build = Build {
    module: "kustomize",
    program: Some("kustomize"),
    packages: &["sigs.k8s.io/kustomize/kustomize/v5"],
    tags: "",
    ldflags: "-s -w",
    files: None,
};

/// Where everything is that the bed runs.
#[derive(Debug, Clone)]
pub struct Tools {
    kubernetes: PathBuf,
    etcd: PathBuf,
    kwok: PathBuf,
    helm: PathBuf,
    /// Python with the emulators.
    pub python: Python,
}

impl Tools {
    /// Finds them in the cache; builds what is missing, one after the other, because each build uses every core.
    ///
    /// # Errors
    /// When Go or Python is missing, or a build fails.
    pub async fn get(progress: &Progress) -> Result<Tools> {
        let (cache, tools) = (cache::root()?, tools_folder());
        Ok(Tools {
            python: Python::get(progress).await?,
            etcd: ETCD.get(&tools, &cache, progress).await?,
            kwok: KWOK.get(&tools, &cache, progress).await?,
            helm: HELM.get(&tools, &cache, progress).await?,
            kubernetes: KUBERNETES.get(&tools, &cache, progress).await?,
        })
    }

    /// A program of Kubernetes: `kube-apiserver`, `kube-controller-manager`, `kube-scheduler` or `kubectl`.
    pub fn kubernetes(&self, program: &str) -> PathBuf {
        self.kubernetes.join(program)
    }

    /// helm.
    pub fn helm(&self) -> PathBuf {
        self.helm.join("helm")
    }

    /// etcd.
    pub fn etcd(&self) -> PathBuf {
        self.etcd.join("etcd")
    }

    /// kwok, and the files of the stages that it takes nodes and pods through.
    pub fn kwok(&self) -> (PathBuf, Vec<PathBuf>) {
        (self.kwok.join("kwok"), KWOK.kept(&self.kwok))
    }
}

/// Argo CD, and what it calls: for the tests that need it.
#[derive(Debug, Clone)]
pub struct GitOpsTools {
    argo_cd: PathBuf,
    kustomize: PathBuf,
}

impl GitOpsTools {
    /// Finds them in the cache; builds what is missing.
    ///
    /// # Errors
    /// When Go is missing, or a build fails.
    pub async fn get(progress: &Progress) -> Result<GitOpsTools> {
        let (cache, tools) = (cache::root()?, tools_folder());
        Ok(GitOpsTools {
            kustomize: KUSTOMIZE.get(&tools, &cache, progress).await?,
            argo_cd: ARGO_CD.get(&tools, &cache, progress).await?,
        })
    }

    /// The one program of Argo CD: `ARGOCD_BINARY_NAME` says which of its parts it is.
    pub fn argo_cd(&self) -> PathBuf {
        self.argo_cd.join("argocd")
    }

    /// The definitions of Argo CD's own kinds.
    pub fn definitions(&self) -> Vec<PathBuf> {
        ARGO_CD.kept(&self.argo_cd)
    }

    /// The folder with kustomize, for `PATH`.
    pub fn kustomize(&self) -> &Path {
        &self.kustomize
    }
}

/// The checkout that this program was built from.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the checkout").to_owned()
}

/// What the bed is built from, beside its Rust.
pub fn tools_folder() -> PathBuf {
    checkout().join("tests/tools")
}
