namespace TurnServer.Bench.Soak;

/// <summary>What the server had in use at a moment.</summary>
/// <param name="At">Since the players started.</param>
/// <param name="ResidentMegabytes">Physical memory, in megabytes of 2²⁰ bytes.</param>
/// <param name="HeapMegabytes">The managed heap after its last collection.</param>
/// <param name="Descriptors">Open files, connections among them.</param>
internal readonly record struct SoakSample(TimeSpan At, double ResidentMegabytes, double HeapMegabytes,
    double Descriptors);
