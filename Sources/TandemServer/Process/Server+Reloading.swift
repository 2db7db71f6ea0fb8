internal import Logging

/// What a second look at the configuration file came to.
package struct ConfigurationChange: Equatable, Sendable {
    /// Settings that were changed while the daemon runs.
    package var applied: [String] = []
    /// Settings whose change waits for a restart.
    package var needsRestart: [String] = []

    /// Nothing changed.
    package init() {}
}

extension Server {
    /// Reads the configuration file again and applies what can change while the daemon runs.
    ///
    /// - Returns: What changed, or why the file was refused; what was in force then still is.
    func reloadConfiguration() -> Result<ConfigurationChange, ServerError> {
        guard let path = configuration.path else { return .success(ConfigurationChange()) }
        let fresh: Configuration
        do throws(ServerError) {
            fresh = try Configuration(path: path, overrides: configuration.overrides)
        } catch {
            log.error("the configuration stays as it was: \(error.message)")
            return .failure(error)
        }
        var change = ConfigurationChange()
        for setting in fresh.differences(from: configuration) {
            if setting.isLive {
                change.applied.append(setting.name)
            } else {
                change.needsRestart.append(setting.name)
            }
        }
        if fresh.options.access != configuration.options.access { change.applied.append("allow") }
        configuration = configuration.adopting(fresh)
        apply(configuration.options)
        if !change.applied.isEmpty {
            log.notice("changed \(change.applied.joined(separator: ", "))")
        }
        if !change.needsRestart.isEmpty {
            log.warning(
                "waiting for a restart to change \(change.needsRestart.joined(separator: ", "))")
        }
        return .success(change)
    }

    /// The same for somebody who asks for it, and should know if there is no file.
    func rereadConfiguration() -> Result<ConfigurationChange, ServerError> {
        guard configuration.path != nil else {
            return .failure(
                ServerError(
                    .configurationUnreadable,
                    "the daemon was started without a configuration file; give it --config FILE"))
        }
        return reloadConfiguration()
    }

    private func apply(_ options: ServerOptions) {
        group.change(Self.limits(options, share))
        settingsGeneration += 1
        group.postAll(
            .tell(.settings(ServiceSettings(options, generation: settingsGeneration))))
    }
}
