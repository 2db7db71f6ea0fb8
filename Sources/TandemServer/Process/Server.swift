internal import CTandemKernels
internal import CTandemSystem
internal import Glibc
package import Logging
internal import TandemPackage
internal import TandemRequest
internal import TandemWire

// Design: who does what.
//
// The main thread waits for what other threads tell it, signals among it, and for the watchdog's time;
// it alone logs. Each loop thread serves its connections. The loader's thread changes the models.
// Ending goes the other way round: the loops drain and end, then the loader, then the sockets'
// files are removed.
//
// Sockets are listening before models are loaded, so that nobody is refused a connection; a Predict
// that comes too early is told so (UNAVAILABLE, with a hint when to retry). READY is said when the
// first look at the repository is done and every model is loaded, warm and checked.

/// A daemon: sockets, loops, models.
package final class Server {
    var configuration: Configuration
    let signals: ServerSignals
    let notifier: ServiceNotifier
    let log: Logger
    let control: WakingQueue<ControlEvent>
    let pool: ShardPool
    let registry: Registry
    let group: LoopGroup<ServiceMessage>
    private let context: ServiceContext
    private let loader: Loader
    private var loopThreads: [ServerThread] = []
    let share: ResourceShare
    var openLoops = 0
    var isDraining = false
    var settingsGeneration = 1
    var watchdog: Watchdog?
    var watchdogTurn = 0
    var askedAt: UInt64 = 0

    /// Binds or takes over the sockets and makes everything that can be refused.
    ///
    /// - Parameters:
    ///   - configuration: What to serve, and where.
    ///   - signals: Made before any thread.
    ///   - environment: Looks up a variable.
    ///   - log: Where problems go.
    /// - Throws: `ServerError`.
    package init(
        _ configuration: Configuration, signals: ServerSignals, environment: (String) -> String?,
        log: Logger
    ) throws(ServerError) {
        self.configuration = configuration
        let options = configuration.options
        guard !options.repository.isEmpty else {
            throw ServerError(
                .optionInvalid,
                "there is no repository; give --repository DIR, or set it in the configuration")
        }
        self.signals = signals
        self.log = log
        notifier = ServiceNotifier(environment: environment)
        let activation = try SocketActivation(environment: environment)
        let pool = ShardPool()
        self.pool = pool
        let keeper = ShardKeeper(pool, notifier, stored: activation.stored)
        let share = ResourceShare()
        self.share = share
        let source = RepositorySource(
            path: options.repository, executor: options.executor,
            budget: MemoryBudget(
                byteCountMax: options.modelBytesMax, groupByteCount: share.memoryBytes, pool: pool))
        _ = try source.list()
        let coreCount = share.loopCount(allowed: Int(tandemsys_allowed_cores()))
        let loopCount = options.threads > 0 ? options.threads : coreCount
        let listeners = try Self.listeners(options, activation)
        let group: LoopGroup<ServiceMessage>
        do throws(ServerError) {
            group = try LoopGroup(
                loopCount: loopCount, listeners: listeners,
                limits: Self.limits(options, share))
        } catch {
            for listener in listeners { listener.end() }
            throw error
        }
        self.group = group
        let control = try WakingQueue<ControlEvent>()
        self.control = control
        registry = try Registry(
            source: source,
            terms: LoadTerms(
                loopCount: loopCount,
                threadCount: options.loadThreads > 0 ? options.loadThreads : coreCount,
                priority: options.loadPriority, limits: options.wireLimits,
                clock: { tandemsys_monotonic_ns() }),
            policy: options.versionPolicy,
            gate: options.qualityDropMax > 0
                ? QualityGate(dropMax: Double(options.qualityDropMax) / 1000) : nil,
            wakeLoops: { group.wakeAll() }, report: { control.add(.registry($0)) })
        loader = Loader(
            registry, settled: { keeper.settle() }, isReady: { pool.populateAdopted() })
        context = ServiceContext(
            registry: registry, group: group, wireLimits: options.wireLimits,
            settings: ServiceSettings(options), startedAt: tandemsys_monotonic_ns(),
            instructionSet: String(cString: tandemk_isa_name(tandemk_isa_active())),
            clock: { tandemsys_monotonic_ns() }, tell: { control.add($0) })
    }

    /// The options' limits, as far as our share of the machine allows them.
    static func limits(_ options: ServerOptions, _ share: ResourceShare) -> ServerLimits {
        var limits = options.limits
        if !share.maySpin { limits.spinNanoseconds = 0 }
        return limits
    }

    /// Starts the loops and the loader, which begins to load.
    ///
    /// - Throws: `ServerError`; the process should then end.
    package func start() throws(ServerError) {
        let control = control
        try signals.start { control.add(.signal($0)) }
        for index in group.mailboxes.indices { try startLoop(index) }
        try startWatchdog()
        // Never joined: the process does not wait for a load in progress when it ends.
        try loader.start().detach()
        if configuration.options.watchesRepository { try startWatch() }
        registry.rescan { _ in control.add(.started) }
    }

    /// Begins to follow the repository, before it is looked at for the first time.
    private func startWatch() throws(ServerError) {
        let registry = registry
        let watch = try RepositoryWatch(
            path: configuration.options.repository, changed: { registry.follow() },
            failed: { registry.report(.problem($0)) })
        try watch.start().detach()
    }

    private func startLoop(_ index: Int) throws(ServerError) {
        let context = context
        let control = control
        let frameBytesMax = configuration.options.wireLimits.frameBytesMax
        let keepsToCore = configuration.options.pinsLoops && keepsEachLoopToACore
        let thread = try ServerThread(name: "tandem-loop-\(index)") {
            // Where that is forbidden the loops wander, as without the setting.
            if keepsToCore { _ = tandemsys_keep_to_core(Int32(index)) }
            do throws(ServerError) {
                var loop = try EventLoop(
                    group: context.group, index: index,
                    service: try RequestService(context, loop: index),
                    frameBytesMax: frameBytesMax)
                try loop.run()
                control.add(.loopEnded(nil))
            } catch {
                control.add(.loopEnded(error))
            }
        }
        loopThreads.append(thread)
        openLoops += 1
    }

    /// Whether there is a core for each loop: then the kernel can only place them worse, since it
    /// likes to put who answers beside who asked, two loops on one core at times.
    private var keepsEachLoopToACore: Bool {
        let loopCount = context.group.mailboxes.count
        return loopCount > 1 && loopCount == Int(tandemsys_allowed_cores())
    }

    /// Ends the loader and removes the sockets' files, once the loops ended.
    func finish() {
        for thread in loopThreads { thread.join() }
        loader.end()
        removeSockets()
    }

    /// Removes the files of the sockets that we bound.
    func removeSockets() {
        for listener in group.listeners { listener.end() }
    }

    private static func listeners(
        _ options: ServerOptions, _ activation: SocketActivation
    ) throws(ServerError) -> [Listener] {
        var listeners: [Listener] = []
        let paths: [Door: String?] = [
            .data: options.socketPath, .admin: options.adminSocketPath,
        ]
        do throws(ServerError) {
            for door in Door.allCases {
                if let descriptor = activation.descriptors[door] {
                    listeners.append(try Listener(adopting: descriptor, door: door))
                } else if let path = paths[door] ?? nil {
                    let mode = door == .data ? options.socketMode : options.adminSocketMode
                    listeners.append(try Listener(binding: path, mode: mode, door: door))
                }
            }
            guard listeners.contains(where: { $0.door == .data }) else {
                throw ServerError(
                    .optionInvalid,
                    "there is no data socket; give --socket PATH, or start from a socket unit")
            }
        } catch {
            for listener in listeners { listener.end() }
            throw error
        }
        return listeners
    }
}
