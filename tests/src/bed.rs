//! All parts of the test bed together.

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::aws::Aws;
use crate::checker::Checker;
use crate::emulator::{Emulator, Iam, Running};
use crate::helm::{Helm, NAMESPACE};
use crate::kubectl::Kubectl;
use crate::kubelet::Kubelet;
use crate::kubernetes::Kubernetes;
use crate::operator::{Operator, Start};
use crate::progress::Progress;
use crate::python::Python;
use crate::registrar::Registrar;
use crate::scratch::Scratch;
use crate::tenant::Tenant;
use crate::tools::{Tools, checkout};

/// How a bed is to be.
#[derive(Clone)]
pub struct Options {
    /// Which emulator stands for AWS.
    pub emulator: Emulator,
    /// Whether it asks IAM.
    pub iam: Iam,
    /// Where progress is shown.
    pub progress: Progress,
}

impl Default for Options {
    /// ministack, and progress only while something is built.
    fn default() -> Options {
        Options { emulator: Emulator::Ministack, iam: Iam::Ignored, progress: Progress::builds_only() }
    }
}

/// A running test bed. Dropping it ends everything, and so does the end of its process.
pub struct Bed {
    /// The emulator.
    pub emulator: Running,
    /// The checker before it; the operator speaks to this one.
    pub checker: Checker,
    /// Hands in AWS, in an account that nobody else uses.
    pub aws: Aws,
    /// helm as the cluster's administrator.
    pub helm: Helm,
    /// Python with the emulators, and with boto3.
    pub python: Python,
    kubernetes: Kubernetes,
    operator: OnceCell<Operator>,
    crds: OnceCell<Registrar>,
    scratch: Scratch,
}

/// The runtime that shared beds belong to: that of a test ends with the test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("threads can be started"));

impl Bed {
    /// Starts all parts, side by side; builds first what is missing in the cache.
    ///
    /// # Errors
    /// When a part cannot be built or started.
    pub async fn start(options: Options) -> Result<Bed> {
        let progress = &options.progress;
        let tools = Tools::get(progress).await?;
        let scratch = Scratch::new()?;
        let (kubernetes, (emulator, checker)) = tokio::try_join!(
            Kubernetes::start(&tools, scratch.path(), progress),
            start_aws(options.emulator, options.iam, &tools.python, scratch.path(), progress)
        )?;
        let aws = Aws::start(&tools.python, &checker.url, "000000000000")?;
        let helm = Helm::new(tools.helm(), kubernetes.kubectl.kubeconfig().to_owned());
        Ok(Bed {
            emulator,
            checker,
            aws,
            helm,
            python: tools.python.clone(),
            kubernetes,
            operator: OnceCell::new(),
            crds: OnceCell::new(),
            scratch,
        })
    }

    /// The bed on ministack that the tests of one program share.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn shared() -> Result<&'static Bed> {
        Bed::shared_on(Emulator::Ministack).await
    }

    /// The bed on this emulator that the tests of one program share.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn shared_on(emulator: Emulator) -> Result<&'static Bed> {
        static MINISTACK: OnceCell<Bed> = OnceCell::const_new();
        static MOTO: OnceCell<Bed> = OnceCell::const_new();
        let bed = match emulator {
            Emulator::Ministack => &MINISTACK,
            Emulator::Moto => &MOTO,
        };
        bed.get_or_try_init(async || {
            let start = move || RUNTIME.block_on(Bed::start(Options { emulator, ..Options::default() }));
            tokio::task::spawn_blocking(start).await.context("start the shared bed")?
        })
        .await
    }

    /// kubectl as the cluster's administrator.
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubernetes.kubectl
    }

    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.kubernetes.server
    }

    /// A folder that is gone with the bed.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A tenant of its own for a test: an account and a namespace that no other has, named after `name`.
    ///
    /// # Errors
    /// What the emulator or the API server refuses.
    pub async fn tenant(&self, name: &str) -> Result<Tenant<'_>> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Tenant::new(self, &format!("{name}-{number}"), &format!("{:012}", 100_000_000_000 + number)).await
    }

    /// Applies the project's custom resource definitions, and those of others that a cluster on EKS has, and waits until
    /// they are served; once. From then on pods are registered in the target groups that are bound to them.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn apply_crds(&self) -> Result<()> {
        self.crds
            .get_or_try_init(async || {
                for definitions in ["crds/yaml", "tests/tools/kubernetes/crds"] {
                    self.kubectl().apply_file(&checkout().join(definitions)).await?;
                }
                let wait = ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"];
                self.kubectl().run(&wait).await?;
                Ok(Registrar::start(RUNTIME.handle(), self.kubectl(), &self.aws))
            })
            .await
            .map(drop)
    }

    /// The one operator that tests share; started, with the definitions applied, for the first that asks.
    ///
    /// # Errors
    /// As [`Operator::start`].
    pub async fn operator(&self) -> Result<&Operator> {
        self.operator.get_or_try_init(|| self.start_operator(&["--resync-seconds", RESYNC])).await
    }

    /// An operator of the caller's own, with more arguments. Only one at a time acts on a bed: take a bed of your own
    /// for it.
    ///
    /// # Errors
    /// As [`Operator::start`].
    pub async fn start_operator(&self, args: &[&str]) -> Result<Operator> {
        self.apply_crds().await?;
        Operator::start(self.operator_start(args)).await
    }

    /// Runs the pods of the operators that helm installs here.
    ///
    /// # Errors
    /// When the operator is not built.
    pub fn kubelet(&self) -> Result<Kubelet> {
        Kubelet::start(RUNTIME.handle(), self.kubectl(), self.server(), self.folder())
    }

    /// How an operator is started here, with more arguments.
    pub fn operator_start(&self, args: &[&str]) -> Start {
        Start {
            kubectl: self.kubectl().clone(),
            helm: self.helm.clone(),
            server: self.server().to_owned(),
            aws_endpoint: self.checker.url.clone(),
            folder: self.scratch.path().to_owned(),
            args: args.iter().map(ToString::to_string).collect(),
            more: Value::Null,
            namespace: NAMESPACE.to_owned(),
        }
    }

    /// Ends everything, the operator as Kubernetes would, and waits until it has ended.
    ///
    /// # Errors
    /// When something cannot be ended; the end of this process still ends it.
    pub async fn stop(mut self) -> Result<()> {
        let operator = match self.operator.take() {
            Some(operator) => operator.stop().await.map(drop),
            None => Ok(()),
        };
        self.checker.stop().await?;
        self.emulator.stop().await?;
        self.kubernetes.stop().await?;
        operator
    }

    /// Fails if a part has ended.
    ///
    /// # Errors
    /// The part's last lines.
    pub fn alive(&mut self) -> Result<()> {
        self.kubernetes.alive()?;
        self.emulator.alive()?;
        self.checker.alive()
    }
}

/// The period in seconds in which the shared operator compares with AWS what stands still.
const RESYNC: &str = "4";

/// An emulator and the checker before it.
pub(crate) async fn start_aws(
    emulator: Emulator,
    iam: Iam,
    python: &Python,
    scratch: &Path,
    progress: &Progress,
) -> Result<(Running, Checker)> {
    let step = progress.start(emulator.name());
    let running = Running::start(emulator, iam, python, scratch).await?;
    let checker = Checker::start(emulator, &running.url, python, scratch).await?;
    step.done(&checker.url);
    Ok((running, checker))
}

/// How long a test waits for what takes a moment on an idle machine.
pub const SOON: Duration = Duration::from_secs(60);
