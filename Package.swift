// swift-tools-version: 6.2
// The rooms of Tandem. Data flows one way: see the map in README.md. The import walls are kept by
// Tests/HouseTests, because SwiftPM lets a target import what it only depends on transitively.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

/// One Swift room: a library target with the house's strict settings.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one room.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A system library found by pkg-config, and the Debian package that has it.
func native(_ name: String, _ pkgConfig: String, _ debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "tandem",
    products: [
        .executable(name: "tandemd", targets: ["tandemd"]),
        .executable(name: "tandem", targets: ["tandem"]),
        .executable(name: "tandem-bench", targets: ["tandem-bench"]),
        .library(name: "TandemClient", targets: ["TandemClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // Native libraries and C.
        native("CProtobufC", "libprotobuf-c", "libprotobuf-c-dev"),
        native("CZstd", "libzstd", "libzstd-dev"),
        native("CZlib", "zlib", "zlib1g-dev"),
        native("CBLAS", "openblas", "libopenblas-pthread-dev"),
        .target(name: "CTandemKernels", cSettings: strictC),
        .target(name: "CTandemSystem", cSettings: strictC),
        .target(name: "CTandemProto", dependencies: ["CProtobufC"], cSettings: strictC),

        // The rooms, lowest first.
        room("TandemNotation", []),
        room("TandemGraph", []),
        room("TandemFeatures", ["TandemGraph", "TandemNotation"]),
        room(
            "TandemPackage",
            [
                "TandemGraph", "TandemFeatures", "TandemNotation", "CTandemProto", "CProtobufC",
                "CTandemSystem", "CZstd", crypto,
            ]),
        room("TandemEngine", ["TandemGraph", "CTandemKernels"]),
        room("TandemWire", ["CTandemProto", "CProtobufC"]),
        room(
            "TandemRequest",
            ["TandemWire", "TandemFeatures", "TandemGraph", "TandemEngine", "TandemNotation"]),
        room(
            "TandemServer",
            [
                "TandemRequest", "TandemWire", "TandemPackage", "TandemEngine", "TandemFeatures",
                "TandemGraph", "TandemNotation", "CTandemSystem", "CTandemKernels", logging,
            ]),
        room("TandemImport", ["TandemGraph", "TandemFeatures", "TandemNotation"]),
        room(
            "TandemTraining",
            ["TandemGraph", "TandemFeatures", "TandemNotation", "CBLAS", "CZlib", "CZstd"]),
        room("TandemClient", ["TandemWire", "CTandemSystem"]),

        // The executables.
        .executableTarget(
            name: "tandemd",
            dependencies: ["TandemServer", argumentParser, logging],
            swiftSettings: strict),
        .executableTarget(
            name: "tandem",
            dependencies: [
                "TandemClient", "TandemWire", "TandemTraining", "TandemPackage", "TandemEngine",
                "TandemFeatures", "TandemGraph", "TandemImport", "TandemNotation", "TandemRequest",
                "CTandemKernels", "CTandemSystem", argumentParser,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "tandem-bench",
            dependencies: [
                "TandemPackage", "TandemEngine", "TandemFeatures", "TandemGraph",
                "CTandemKernels", argumentParser,
            ],
            swiftSettings: strict),

        // Tests, by room.
        .target(
            name: "CTandemTestSupport", path: "Tests/CTandemTestSupport", cSettings: strictC),
        .target(
            name: "TandemTestSupport",
            dependencies: ["TandemGraph", "CTandemProto", "CTandemTestSupport"],
            path: "Tests/TandemTestSupport", swiftSettings: strict),
        .target(
            name: "TandemServingSupport",
            dependencies: [
                "TandemRequest", "TandemWire", "TandemPackage", "TandemEngine", "TandemFeatures",
                "TandemGraph",
            ],
            path: "Tests/TandemServingSupport", swiftSettings: strict),
        tests("HouseTests", []),
        tests("KernelTests", ["CTandemKernels", "TandemTestSupport"]),
        tests("TandemNotationTests", ["TandemNotation"]),
        tests("TandemGraphTests", ["TandemGraph", "TandemTestSupport"]),
        tests("TandemFeaturesTests", ["TandemFeatures", "TandemGraph", "TandemTestSupport"]),
        tests(
            "TandemPackageTests",
            [
                "TandemPackage", "TandemFeatures", "TandemGraph", "CTandemProto", "CTandemSystem",
                "TandemTestSupport",
            ]),
        tests("TandemEngineTests", ["TandemEngine", "TandemGraph", "TandemTestSupport"]),
        tests("TandemWireTests", ["TandemWire", "CTandemProto", "TandemTestSupport"]),
        tests(
            "TandemRequestTests",
            [
                "TandemRequest", "TandemWire", "TandemFeatures", "TandemEngine", "TandemGraph",
                "TandemServingSupport", "TandemTestSupport",
            ]),
        tests(
            "TandemServerTests",
            [
                "TandemServer", "TandemRequest", "TandemWire", "TandemPackage", "TandemFeatures",
                "TandemEngine", "TandemGraph", "CTandemSystem", "TandemServingSupport",
                "TandemTestSupport", logging,
            ]),
        tests(
            "TandemImportTests",
            ["TandemImport", "TandemFeatures", "TandemEngine", "TandemGraph"]),
        tests(
            "TandemTrainingTests",
            [
                "TandemTraining", "TandemFeatures", "TandemGraph", "CBLAS", "TandemTestSupport",
            ]),
        tests(
            "ConsumerTests",
            [
                "TandemGraph", "TandemEngine", "TandemTraining", "TandemImport",
                "TandemTestSupport",
            ]),
        tests(
            "TandemClientTests",
            ["TandemClient", "TandemWire", "CTandemSystem", "TandemTestSupport"]),
        tests(
            "IntegrationTests",
            [
                "tandemd", "tandem", "TandemClient", "TandemWire", "TandemPackage",
                "TandemFeatures", "TandemGraph", "CTandemSystem", "TandemServingSupport",
                "TandemTestSupport",
            ]),
    ],
    cLanguageStandard: .gnu17
)

// The fuzzers need libFuzzer's runtime, which a plain build does not link: see `make fuzz`.
if Context.environment["TANDEM_FUZZ"] != nil {
    package.targets += [
        .target(name: "CFuzzDriver", path: "Tests/Fuzz/CFuzzDriver", cSettings: strictC),
        .executableTarget(
            name: "tandem-fuzz",
            dependencies: [
                "CFuzzDriver", "TandemImport", "TandemFeatures", "TandemGraph", "TandemNotation",
                "TandemPackage", "TandemRequest", "TandemServingSupport", "TandemWire",
            ],
            path: "Tests/Fuzz/tandem-fuzz", swiftSettings: strict),
    ]
}
