// tandem-fuzz TARGET [libFuzzer's options] [CORPUS...]; see `make fuzz`.

import CFuzzDriver
import Glibc

nonisolated(unsafe) private var target: FuzzTarget?

private func fail() -> Never {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    let message = "tandem-fuzz: name a target: \(names)\n"
    _ = message.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(64)
}

guard CommandLine.argc > 1, let named = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    fail()
}
target = named
// libFuzzer sees the program's name and what follows the target.
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
exit(
    LLVMFuzzerRunDriver(&count, &arguments) { bytes, size in
        target?.run(UnsafeBufferPointer(start: bytes, count: size))
        return 0
    })
