// swift-tools-version: 6.2
import PackageDescription

// A separate package, so that no build of the server resolves or compiles it.
let package = Package(
    name: "constant",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0")
    ],
    targets: [
        .executableTarget(
            name: "constant",
            dependencies: [.product(name: "Hummingbird", package: "hummingbird")],
            swiftSettings: [.treatAllWarnings(as: .error)]
        )
    ]
)
