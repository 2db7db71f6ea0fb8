package import TandemRequest
package import TandemWire

/// What other threads tell a loop's service.
package enum ServiceMessage: Sendable {
    /// The answer to a call that was taken up earlier.
    case answer(ControlAnswer)
    /// Its refusal.
    case refusal(RequestError)
    /// Add what you counted.
    case count(StatisticsCollector)
    /// Answer by these from now on.
    case settings(ServiceSettings)
}

/// What a loop asks of the daemon's main thread.
package enum ControlEvent: Sendable {
    /// Somebody sent a signal.
    case signal(ServerSignals.Request)
    /// Drain, then end; nanoseconds that finishing may take, 0 for the configured time.
    case drain(timeoutNanoseconds: UInt64)
    /// Something happened to a model.
    case registry(Registry.Event)
    /// The first look at the repository is done.
    case started
    /// Read the configuration file again and say what came of it.
    case reload(then: @Sendable (Result<ConfigurationChange, ServerError>) -> Void)
    /// A loop ended.
    case loopEnded(ServerError?)
}
