import TandemClient
import TandemImport
import TandemPackage
import TandemTraining

extension TrainingError {
    /// The exit status of sysexits(3) that says what kind of thing is wrong.
    var exitStatus: Failure.Status {
        switch code {
        case .unreadableFile: .noInput
        case .unwritableFile: .cannotCreate
        case .invalidSpec, .unknownKey, .missingKey, .wrongValue, .duplicateName, .unknownName,
            .labelAmongInputs, .invalidExpression:
            .configuration
        default: .dataError
        }
    }
}

extension PackageError {
    /// The exit status of sysexits(3) that says what kind of thing is wrong.
    var exitStatus: Failure.Status {
        switch code {
        case .notFound: .noInput
        case .accessDenied: .noPermission
        case .inputOutput, .noSpace: .inputOutput
        default: .dataError
        }
    }
}

extension ClientError {
    /// The exit status of sysexits(3) that says what kind of thing is wrong.
    var exitStatus: Failure.Status {
        switch code {
        case .socketMissing, .connectionRefused, .connectionLost, .connectionClosed, .timedOut,
            .unavailable, .resourceExhausted, .deadlineExceeded:
            .unavailable
        case .permissionDenied, .unauthenticated: .noPermission
        case .socketPathInvalid: .usage
        case .internal, .protocolViolation: .software
        default: .dataError
        }
    }
}

extension ImportError {
    /// The exit status of sysexits(3) that says what kind of thing is wrong.
    var exitStatus: Failure.Status {
        switch code {
        case .unreadableFile: .noInput
        case .invalidFeatures, .unknownInput: .configuration
        default: .dataError
        }
    }
}
