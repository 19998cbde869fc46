package import PontoonFoundation

extension Duration {
    /// The duration in seconds, including fractions of a second.
    package var inSeconds: TimeInterval {
        TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18
    }
}
