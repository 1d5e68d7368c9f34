using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>
/// A server that cannot use the files of its cluster prints one line and exits. It runs as a user whom the system does
/// not know and who has no home directory, as under systemd's DynamicUser without libnss-systemd.
/// </summary>
[Category("Process")]
internal sealed class ClusterFilesTests
{
    private const int StateUnusable = 11;
    private const string Readable = "644";
    private const string OnlyOwner = "600";

    private static readonly string[] AsUnknownUser =
        ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "env", "--unset=HOME"];

    private readonly TempFolder _folder = new("turnserver-files-");

    [OneTimeSetUp]
    public void WriteCertificate()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root can switch to another user.");
        Tool.Require("setpriv", "util-linux");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder.PathOf("node.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.PathOf("node.key"), key.ExportPkcs8PrivateKeyPem());
        SetMode(_folder.Path, "755");
        SetMode(_folder.PathOf("node.pem"), Readable);
    }

    [OneTimeTearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public async Task Without_a_home_directory_the_certificate_is_an_error_of_its_flags()
    {
        SetMode(_folder.PathOf("node.key"), Readable);
        Assert.That(await RunAsync(), Does.Contain("home directory").And.Not.Contain("LoadCredential"));
    }

    [Test]
    public async Task A_file_that_the_user_may_not_read_is_an_error_with_the_remedy_under_systemd()
    {
        SetMode(_folder.PathOf("node.key"), OnlyOwner);
        Assert.That(await RunAsync(), Does.Contain("node.key").And.Contain("denied").And.Contain("LoadCredential="));
    }

    // The line that it prints.
    private async Task<string> RunAsync()
    {
        await using var server = ServerChild.Launch(AsUnknownUser, null, 0, ["--port", $"{Ports.Next()}",
            "--cluster", $"https://127.0.0.1:{Ports.Next()}", "--advertise", $"127.0.0.1:{Ports.Next()}",
            "--cluster-cert", _folder.PathOf("node.pem"), "--cluster-key", _folder.PathOf("node.key")]);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(StateUnusable), server.Errors);
        Assert.That(server.Errors.TrimEnd('\n'), Does.StartWith("turnserver: cannot use the files of --cluster-ca")
            .And.Not.Contain("\n"));
        return server.Errors;
    }

    private static void SetMode(string path, string octal) =>
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(octal, 8));
}
