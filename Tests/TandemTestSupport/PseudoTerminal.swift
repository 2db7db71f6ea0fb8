import CTandemTestSupport
import Glibc

/// A terminal without a window.
package final class PseudoTerminal {
    /// What a program opens to write to it.
    package let path: String
    private let descriptor: Int32

    /// Opens one; nil where there is none.
    package init?() {
        var name = [CChar](repeating: 0, count: 128)
        descriptor = tandemt_open_terminal(&name, Int32(name.count))
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// What is written until the last program that has the terminal open ends.
    package func readToEnd() -> String {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            // EIO once nobody has it open.
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<count]
        }
    }
}
