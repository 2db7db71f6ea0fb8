import ArgumentParser
import TandemClient

/// The socket that a command asks.
enum DaemonSocket {
    /// The data socket of the packaged daemon.
    static let data = "/run/tandem/tandem.sock"
    /// The admin socket of the packaged daemon.
    static let admin = "/run/tandem/admin.sock"
}

/// Options of commands that ask the daemon's admin socket.
struct AdminOptions: ParsableArguments {
    @Option(help: "The daemon's admin socket.")
    var adminSocket = DaemonSocket.admin

    @Flag(help: "Print JSON.")
    var json = false

    /// Connects.
    func connection() throws(ClientError) -> BlockingConnection {
        try BlockingConnection(path: adminSocket)
    }
}
