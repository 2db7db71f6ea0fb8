import ArgumentParser
import Glibc
import TandemClient
import TandemEngine
import TandemFeatures
import TandemGraph
import TandemImport
import TandemPackage
import TandemTraining

/// A failure that a command reports itself: one line, and the exit status of sysexits(3).
struct Failure: Error, CustomStringConvertible {
    /// Exit statuses of sysexits(3), with the cases they are used for.
    enum Status: Int32 {
        /// The command line is wrong.
        case usage = 64
        /// The data or the package is wrong.
        case dataError = 65
        /// A file that should be read is not there.
        case noInput = 66
        /// The daemon does not answer, or refuses for now.
        case unavailable = 69
        /// A fault of this program.
        case software = 70
        /// A file cannot be written.
        case cannotCreate = 73
        /// The system failed to read or write.
        case inputOutput = 74
        /// The caller may not do this.
        case noPermission = 77
        /// The specification or a setting is wrong.
        case configuration = 78
    }

    var status: Status
    var message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    var description: String { message }

    /// Prints an error on standard error, in one line where it is ours, and ends the program.
    static func exit(_ error: any Error) -> Never {
        if let status = status(of: error) {
            complain(error)
            Glibc.exit(status.rawValue)
        }
        Tandem.exit(withError: error)
    }

    /// One line an error; one a problem for an import, which lists them all.
    private static func complain(_ error: any Error) {
        guard let error = error as? ImportError, error.problems.count > 1 else {
            return Terminal.complain("\(error)")
        }
        Terminal.complain("import: \(error.file): \(error.problems.count) problems:")
        for problem in error.problems { Terminal.note("  \(problem)") }
    }

    private static func status(of error: any Error) -> Status? {
        switch error {
        case let failure as Failure: failure.status
        case let error as TrainingError: error.exitStatus
        case let error as PackageError: error.exitStatus
        case let error as ClientError: error.exitStatus
        case let error as ImportError: error.exitStatus
        case is FeatureError, is GraphError, is EngineError: .dataError
        default: nil
        }
    }
}
