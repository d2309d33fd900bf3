//! A network that can be cut: a proxy on the loopback interface.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use crate::Result;

/// The direction of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server.
    Asking,
    /// From it.
    Answering,
}

/// What is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Only the connection that carries the byte.
    One,
    /// All of them, and no new one is let through.
    All,
}

/// When the network is cut: after this many bytes, counted over all connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) way: Way,
    pub(crate) bytes: u64,
    pub(crate) extent: Extent,
}

/// The proxy; it ends with the value.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    work: JoinHandle<()>,
}

#[derive(Debug)]
struct Wire {
    /// How many bytes went which way, and where it will be cut.
    state: Mutex<(Passed, Option<Cut>)>,
    dead: watch::Sender<bool>,
}

/// How many bytes went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    pub(crate) asking: u64,
    pub(crate) answering: u64,
}

impl Proxy {
    /// Starts one before the server of this url.
    pub(crate) async fn start(server: &str, cut: Option<Cut>) -> Result<Self> {
        let url = Url::parse(server)?;
        let host = url.host_str().ok_or("the server's url has a host")?;
        let port = url.port().ok_or("the server's url has a port")?;
        let upstream = (host.to_owned(), port);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let wire = Arc::new(Wire {
            state: Mutex::new((Passed::default(), cut)),
            dead: watch::Sender::new(false),
        });
        let theirs = Arc::clone(&wire);
        let work = tokio::spawn(async move {
            // They end with the proxy.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if !*theirs.dead.borrow() {
                    connections.spawn(carry(client, upstream.clone(), Arc::clone(&theirs)));
                }
            }
        });
        Ok(Self {
            address,
            wire,
            work,
        })
    }

    /// The url of the server behind it.
    pub(crate) fn url(&self, server: &str) -> Result<String> {
        let mut url = Url::parse(server)?;
        let set = url.set_port(Some(self.address.port()));
        set.map_err(|()| "the server's url takes a port")?;
        Ok(url.to_string())
    }

    /// How much went through until now.
    pub(crate) fn passed(&self) -> Passed {
        self.wire
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Whether it was cut.
    pub(crate) fn is_cut(&self) -> bool {
        let state = self
            .wire
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.1.is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Carries one connection until an end closes it, or it is cut.
async fn carry(client: TcpStream, upstream: (String, u16), wire: Arc<Wire>) {
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    let mut dead = wire.dead.subscribe();
    // Small messages must not wait for each other.
    if client
        .set_nodelay(true)
        .and(server.set_nodelay(true))
        .is_err()
    {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, Way::Asking, &wire) => {}
        () = pump(from_server, to_client, Way::Answering, &wire) => {}
        // What is dropped here is closed.
        _ = dead.wait_for(|dead| *dead) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way, wire: &Wire) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let (allowed, cut) = wire.allows(way, read);
        if to.write_all(&buffer[..allowed]).await.is_err() {
            return;
        }
        match cut {
            None => {}
            Some(Extent::One) => return,
            Some(Extent::All) => {
                wire.dead.send_replace(true);
                return;
            }
        }
    }
}

impl Wire {
    /// How many of so many bytes may go through, and what is cut after them.
    fn allows(&self, way: Way, count: usize) -> (usize, Option<Extent>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (passed, planned) = &mut *state;
        let before = match way {
            Way::Asking => &mut passed.asking,
            Way::Answering => &mut passed.answering,
        };
        let after = *before + count as u64;
        match *planned {
            Some(cut) if cut.way == way && after >= cut.bytes => {
                let allowed = cut.bytes.saturating_sub(*before);
                *before = cut.bytes;
                *planned = None;
                (usize::try_from(allowed).unwrap_or(count), Some(cut.extent))
            }
            _ => {
                *before = after;
                (count, None)
            }
        }
    }
}
