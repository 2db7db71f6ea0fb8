package import TandemWire

/// What calls are answered by, apart from the models; immutable, replaced as a whole.
package struct ServiceSettings: Sendable {
    /// Tells these settings from those before and after them; from 1.
    package let generation: Int
    /// Nanoseconds that a request without deadline gets; 0 for no deadline.
    package let defaultDeadline: UInt64
    /// What one user may have in flight.
    package let serverLimits: ServerLimits
    /// Who may make which call.
    package let access: AccessRules
    /// The limits in force, as `serverMetadata` tells them; names end in their unit.
    package let limits: [LimitValue]

    /// Takes them from the options.
    package init(_ options: ServerOptions, generation: Int = 1) {
        self.generation = generation
        serverLimits = options.limits
        access = options.access
        defaultDeadline = options.defaultDeadline
        limits = Setting.all.filter { $0.table == "limits" }.compactMap { setting in
            guard case .integer(let value)? = setting.value(in: options) else { return nil }
            return LimitValue(setting.key, Int64(value))
        }
    }
}
