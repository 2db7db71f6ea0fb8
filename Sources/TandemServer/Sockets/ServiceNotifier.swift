internal import CTandemSystem
internal import Glibc

/// Tells the service manager how we are, as sd_notify(3) describes it: datagrams of `KEY=value`
/// lines to the socket that NOTIFY_SOCKET names.
///
/// Written out instead of linking libsystemd, which would pull in four more libraries for one
/// sendto. Without a service manager every call does nothing. A message that cannot be sent is
/// dropped: the manager notices its absence, and there is nobody else to tell.
package struct ServiceNotifier: Sendable {
    private let socketPath: String?
    /// How often `watchdog()` must be called at least, nanoseconds; nil if no watchdog is set.
    package let watchdogNanoseconds: UInt64?

    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    package init(environment: (String) -> String?, pid: Int32 = getpid()) {
        socketPath = environment("NOTIFY_SOCKET")
        let isOurs = environment("WATCHDOG_PID").map { Int32($0) == pid } ?? true
        let microseconds = isOurs ? environment("WATCHDOG_USEC").flatMap(UInt64.init) : nil
        watchdogNanoseconds = microseconds.flatMap { count in
            let (nanoseconds, overflow) = count.multipliedReportingOverflow(by: 1_000)
            return overflow || count == 0 ? nil : nanoseconds
        }
    }

    /// Whether a service manager listens.
    package var isActive: Bool { socketPath != nil }

    /// Start-up is done, or a reload is.
    package func ready(status: String) { send("READY=1\nSTATUS=\(oneLine(status))") }

    /// One line for `systemctl status`.
    package func status(_ text: String) { send("STATUS=\(oneLine(text))") }

    /// A reload has begun; `ready` ends it.
    package func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(tandemsys_monotonic_ns() / 1_000)")
    }

    /// Draining has begun.
    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(oneLine(status))") }

    /// Every loop has answered since the last call.
    package func watchdog() { send("WATCHDOG=1") }

    /// Gives a descriptor to the manager's store, which hands it to the process after this one
    /// (`FileDescriptorStoreMax=` in the unit).
    ///
    /// - Parameters:
    ///   - descriptor: A file that need not be polled.
    ///   - name: Comes back in LISTEN_FDNAMES; without colons.
    package func store(_ descriptor: Int32, name: String) {
        send("FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0", with: descriptor)
    }

    /// Has the manager drop what it stores under a name.
    package func forget(name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

    private func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func send(_ message: String, with passed: Int32? = nil) {
        guard var path = socketPath else { return }
        var address = sockaddr_un()
        let length = path.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                tandemsys_unix_address($0.baseAddress, $0.count, &address)
            }
        }
        guard length > 0 else { return }
        let descriptor = tandemsys_unix_socket(false, false)
        guard descriptor >= 0 else { return }
        var text = message
        text.withUTF8 { bytes in
            if let passed {
                _ = tandemsys_send_descriptor_to(
                    descriptor, bytes.baseAddress, bytes.count, passed, &address, length)
            } else {
                _ = tandemsys_send_to(
                    descriptor, bytes.baseAddress, bytes.count, &address, length)
            }
        }
        close(descriptor)
    }
}
