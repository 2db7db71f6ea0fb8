/// The daemon's version.
package enum ServerVersion {
    /// As `--version` and the server's metadata say it.
    package static let text = "0.1.0"
}
