import Foundation
import Glibc
import Testing

extension DaemonProcess {
    /// Starts the daemon with Tests/Faults between it and the C library.
    ///
    /// - Parameters:
    ///   - options: The daemon's.
    ///   - variables: What Tests/Faults is told.
    /// - Returns: False, and nothing is started, where no C compiler is.
    /// - Throws: What `spawn` and `waitUntilReady` throw.
    func startFaulty(_ options: [String] = [], _ variables: [String: String]) throws -> Bool {
        guard let library = try FaultLibrary.build(in: folder) else { return false }
        var environment = variables
        environment["LD_PRELOAD"] = library
        try spawn(options, environment: environment)
        try waitUntilReady()
        return true
    }
}

/// Tests/Faults, which comes between a program and the C library.
enum FaultLibrary {
    /// The library, compiled into a folder; nil, with a line that says so, where no C compiler is.
    static func build(in folder: ScratchFolder) throws -> String? {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../Faults/faults.c").path(percentEncoded: false)
        let compilers = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"]
        guard let compiler = compilers.first(where: { access($0, X_OK) == 0 }) else {
            print("SKIPPED: no C compiler among \(compilers) to build Tests/Faults")
            return nil
        }
        let path = folder.file("faults.so")
        let build = Process()
        build.executableURL = URL(fileURLWithPath: compiler)
        build.arguments = ["-shared", "-fPIC", "-O1", "-o", path, source, "-ldl"]
        try build.run()
        build.waitUntilExit()
        try #require(build.terminationStatus == 0)
        return path
    }
}
