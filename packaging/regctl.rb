class Regctl < Formula
  desc "Inspect, copy and clean up images in container registries"
  homepage "https://github.com/{{REPOSITORY}}"
  version "{{VERSION}}"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://github.com/{{REPOSITORY}}/releases/download/v{{VERSION}}/regctl-darwin-arm64.tar.gz"
      sha256 "{{regctl-darwin-arm64.tar.gz}}"
    end
    on_intel do
      url "https://github.com/{{REPOSITORY}}/releases/download/v{{VERSION}}/regctl-darwin-x64.tar.gz"
      sha256 "{{regctl-darwin-x64.tar.gz}}"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/{{REPOSITORY}}/releases/download/v{{VERSION}}/regctl-linux-arm64.tar.gz"
      sha256 "{{regctl-linux-arm64.tar.gz}}"
    end
    on_intel do
      url "https://github.com/{{REPOSITORY}}/releases/download/v{{VERSION}}/regctl-linux-x64.tar.gz"
      sha256 "{{regctl-linux-x64.tar.gz}}"
    end
  end

  resource "man" do
    url "https://github.com/{{REPOSITORY}}/releases/download/v{{VERSION}}/regctl-man.tar.gz"
    sha256 "{{regctl-man.tar.gz}}"
  end

  def install
    bin.install "regctl"
    bin.install_symlink bin/"regctl" => "docker-credential-regctl"
    generate_completions_from_executable(bin/"regctl", "completion", shells: [:bash, :zsh, :fish, :pwsh])
    resource("man").stage do
      man1.install Dir["*.1"]
      man7.install Dir["*.7"]
    end
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/regctl --version")
    assert_match "does not exist", shell_output("#{bin}/regctl tags oci:none 2>&1", 1)
  end
end
