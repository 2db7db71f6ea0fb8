// The daemon's start, read from top to bottom: options, configuration, signals, sockets, threads,
// models, READY, serve, drain. Each step is one call; what fails ends the process with one line and
// an exit status of sysexits(3).
import ArgumentParser
import Glibc
import Logging
import TandemServer

let command: DaemonCommand
do {
    command = try DaemonCommand.parse()
} catch {
    DaemonCommand.exit(withError: error)
}

let isJournal = environmentVariable("JOURNAL_STREAM") != nil
LoggingSystem.bootstrap { _ in DaemonLog(isJournal: isJournal) }
let log = Logger(label: "tandemd")

do {
    let configuration = try command.configuration()
    if command.printConfig {
        print(configuration.document, terminator: "")
        exit(0)
    }
    if command.checkConfig {
        print("\(configuration.path ?? "the command line"): the configuration can be taken")
        exit(0)
    }
    let signals = try ServerSignals()
    let server = try Server(
        configuration, signals: signals, environment: environmentVariable, log: log)
    try server.start()
    exit(server.run())
} catch {
    log.critical("\(error.message)")
    exit(exitStatus(of: error))
}
