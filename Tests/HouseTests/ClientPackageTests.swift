import Foundation
import Testing

/// Another package can depend on the client alone.
///
/// It builds such a package from nothing, in a folder of its own: what SwiftPM refuses in a
/// dependency (unsafe flags) and what the client pulls in shows only there.
@Suite struct ClientPackageTests {
    private static let manifest = """
        // swift-tools-version: 6.2
        import PackageDescription

        let package = Package(
            name: "guest",
            dependencies: [.package(name: "tandem", path: "@ROOT@")],
            targets: [
                .executableTarget(
                    name: "guest",
                    dependencies: [.product(name: "TandemClient", package: "tandem")])
            ])
        """

    private static let source = """
        import TandemClient

        print("the client is here")
        """

    /// What a build with the client must not make, by the start of its name.
    private static let uninvited = [
        "TandemEngine", "TandemTraining", "TandemServer", "TandemPackage", "TandemGraph",
        "TandemFeatures", "TandemRequest", "CTandemKernels", "ArgumentParser", "Crypto",
    ]

    /// Uninvited modules that were compiled, seen by what a build left.
    ///
    /// An empty `.build` folder is no sign: SwiftPM makes one for each target that it knows of.
    private func uninvited(in products: some Sequence<String>) -> [String] {
        Self.uninvited.filter { module in
            products.contains {
                $0.hasSuffix("/\(module).swiftmodule")
                    || $0.contains("/\(module).build/") && $0.hasSuffix(".o")
            }
        }
    }

    @Test func `a package that depends on the client builds, without engine or trainer`() throws {
        try Command.withTemporaryFolder { folder in
            let sources = folder.appendingPathComponent("Sources/guest")
            try FileManager.default.createDirectory(
                at: sources, withIntermediateDirectories: true)
            try Self.manifest
                .replacingOccurrences(of: "@ROOT@", with: SourceTree.root.path)
                .write(
                    to: folder.appendingPathComponent("Package.swift"), atomically: true,
                    encoding: .utf8)
            try Self.source.write(
                to: sources.appendingPathComponent("main.swift"), atomically: true,
                encoding: .utf8)
            let scratch = folder.appendingPathComponent("build").path
            // What this package depends on was fetched to build this test: no network again.
            let built = try Command.run(
                ["swift", "build", "--skip-update", "--scratch-path", scratch], in: folder)
            try #require(built.status == 0, "swift build failed: \(built.output)")
            let walk = try #require(FileManager.default.enumerator(atPath: scratch))
            let made = walk.compactMap { $0 as? String }
            try #require(made.contains { $0.hasSuffix("/TandemClient.swiftmodule") })
            #expect(uninvited(in: made) == [])
            let greeting = try Command.run(["\(scratch)/debug/guest"], in: folder)
            #expect(greeting.output == "the client is here\n")
        }
    }

    @Test func `an uninvited module is found`() {
        let products = [
            "debug/Modules/TandemClient.swiftmodule", "debug/TandemGraph.build/sources",
            "debug/Modules/TandemEngine.swiftmodule", "debug/CTandemKernels.build/isa.c.o",
        ]
        #expect(uninvited(in: products) == ["TandemEngine", "CTandemKernels"])
    }
}
