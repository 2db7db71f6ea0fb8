internal import CTandemSystem

/// Why the daemon cannot start or go on: what, where and what to do.
package struct ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// Open, so that a kind can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case socketPathTooLong, socketPathInvalid, socketPathTaken, socketInUse, socketFailed
            case activationInvalid, repositoryUnreadable, threadFailed, loopFailed, optionInvalid
            case configurationUnreadable, configurationInvalid
        }
        private let kind: Kind

        /// A socket path does not fit the kernel's address structure.
        package static let socketPathTooLong = Code(kind: .socketPathTooLong)
        /// A socket path is empty or holds a NUL byte.
        package static let socketPathInvalid = Code(kind: .socketPathInvalid)
        /// Something that is no socket lies at a socket path.
        package static let socketPathTaken = Code(kind: .socketPathTaken)
        /// Another program listens on a socket path.
        package static let socketInUse = Code(kind: .socketInUse)
        /// The kernel refused to make, bind or listen on a socket.
        package static let socketFailed = Code(kind: .socketFailed)
        /// The service manager passed something that is not a listening Unix socket.
        package static let activationInvalid = Code(kind: .activationInvalid)
        /// The repository's directory cannot be read.
        package static let repositoryUnreadable = Code(kind: .repositoryUnreadable)
        /// A thread could not be started.
        package static let threadFailed = Code(kind: .threadFailed)
        /// An event loop lost the descriptors that it needs.
        package static let loopFailed = Code(kind: .loopFailed)
        /// An option's value cannot be used.
        package static let optionInvalid = Code(kind: .optionInvalid)
        /// The configuration file cannot be read.
        package static let configurationUnreadable = Code(kind: .configurationUnreadable)
        /// The configuration file says something that means nothing.
        package static let configurationInvalid = Code(kind: .configurationInvalid)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package let code: Code
    /// What is wrong and what to do.
    package let message: String
    /// The path concerned, if there is one.
    package var path: String?
    /// The line of the configuration file, from 1.
    package var line: Int?
    /// The process in the way, if there is one.
    package var pid: Int32?
    /// The kernel's error number, if a system call failed.
    package var errorNumber: Int32?
    /// The bound that was broken, in the unit that the message names.
    package var bound: Int?
    /// What was found instead, in the same unit.
    package var actual: Int?

    /// Makes an error; facts are set as they apply.
    package init(
        _ code: Code, _ message: String, path: String? = nil, pid: Int32? = nil,
        errorNumber: Int32? = nil, bound: Int? = nil, actual: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.pid = pid
        self.errorNumber = errorNumber
        self.bound = bound
        self.actual = actual
    }

    package var description: String { "server: \(message) (\(code))" }
}

/// The system's words for an error number.
///
/// - Parameter result: A negative result of a `tandemsys_` call, or an error number itself.
/// - Returns: Such as `No such file or directory`.
package func systemErrorText(_ result: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
        guard let base = text.baseAddress else { return "error \(result)" }
        tandemsys_error_text(Int32(clamping: result.magnitude), base, 128)
        return String(cString: base)
    }
}
