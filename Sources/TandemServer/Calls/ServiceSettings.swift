package import TandemWire

/// What calls are answered by, apart from the models; immutable, replaced as a whole.
package struct ServiceSettings: Sendable {
    /// Nanoseconds that a request without deadline gets; 0 for no deadline.
    package let defaultDeadline: UInt64
    /// The limits in force, as `serverMetadata` tells them; names end in their unit.
    package let limits: [LimitValue]

    /// Takes them from the options.
    package init(_ options: ServerOptions) {
        defaultDeadline = options.defaultDeadline
        limits = Setting.all.filter { $0.table == "limits" }.compactMap { setting in
            guard case .integer(let value)? = setting.value(in: options) else { return nil }
            return LimitValue(setting.key, Int64(value))
        }
    }
}
