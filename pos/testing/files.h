#pragma once
// Fixture of tests with files: two shops as ShopTest has them, a storage in a directory of the test's own, the decoder of src/images.
// One service a suite.
//
//     class ImagesTest : public FilesTest {};
//     const auto image = made<Image>(send_file("/v1/images", picture(), "image/png"));

#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "pos/modules/files/stored_files.h"
#include "pos/testing/shop.h"

namespace pos::testing {

class FilesTest : public ShopTest {
protected:
    static void SetUpTestSuite() { set_up({}); }
    static void TearDownTestSuite() {
        ShopTest::TearDownTestSuite();
        std::filesystem::remove_all(directory);
    }

    // With further settings.
    static void set_up(const std::map<std::string, std::string>& more) {
        std::string name = "/tmp/files-of-a-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the files of a test");
        directory = name;
        std::map<std::string, std::string> values{{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
                                                  {"STORAGE_URL", "file://" + name + "/files"},
                                                  {"UPLOADS_DIRECTORY", name + "/pieces"},
                                                  {"UPLOADS_KEEP_FREE_MB", "0"},
                                                  {"IMAGES_DECODER", IMAGE_DECODER}};
        for (const auto& [key, value] : more) values[key] = value;
        app = new ::testing::TestApp(definition(), {}, config::Environment{values.begin(), values.end()});
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        viewer = member("viewer@duka.example", "viewer");
    }

    static InjectedResponse send_file(std::string target, std::string bytes, std::string type, Headers headers = {},
                                      const std::string& token = owner) {
        headers.emplace_back("Content-Type", std::move(type));
        return send(http::Method::post, std::move(target), std::move(bytes), token, std::move(headers));
    }
    static InjectedResponse put(std::string url, std::string bytes, std::string type) {
        return send(http::Method::put, std::move(url), std::move(bytes), "", {{"Content-Type", std::move(type)}});
    }
    // A URL as it is asked for here: its path and query.
    static std::string path_of(const std::string& url) {
        const auto scheme = url.find("://");
        return scheme == std::string::npos ? url : url.substr(url.find('/', scheme + 3));
    }
    // As everybody.
    static InjectedResponse see(const std::string& url, Headers headers = {}) {
        return send(http::Method::get, path_of(url), {}, "", std::move(headers));
    }
    static StoredFiles& stored() { return app->host().services().use<StoredFiles>(); }
    // Keys in the storage, below a prefix.
    static std::vector<std::string> keys(const std::string& prefix = "t/") {
        const auto page = app->run(stored().store().list({.prefix = prefix, .limit = 1'000, .after = {}},
                                                         async::Loop::now() + std::chrono::seconds(10)));
        std::vector<std::string> found;
        for (const auto& object : page.value().objects) found.push_back(object.key);
        return found;
    }

    // 40 by 20, colours from left to right.
    static std::string picture() {
        return *base::hex_decode(
            "89504e470d0a1a0a0000000d49484452000000280000001408020000007024e8ec0000055d4944415478da0dcd11a342310080d1"
            "4bd1281a45a368148da24bd1e8a351348a46d1281a45a368148da251348a46d1a85ff1def903675916360b6261bb2017760b6a61"
            "bfa0170e0b66e1b8b02e9c16ec020b6ee1bce0172e0b61e1ba10176e0b69e1be90171e0b65e1b950175e0b6de1bdd0173e0b63e1"
            "bb30177e0bcb22d80884602b90829d4009f6022d38088ce0285805278115207082b3c00b2e8220b80aa2e0264882bb200b1e8222"
            "780aaae0256882b7a00b3e8221f80aa6e027fe63c94622245b8994ec244ab29768c941622447c92a3949ac0489939c255e729104"
            "c9551225374992dc2559f29014c95352252f4993bc255df2910cc95732253ff91f2b360aa1d82aa462a7508abd422b0e0aa3382a"
            "56c5496115289ce2acf08a8b2228ae8aa8b82992e2aec88a87a2289e8aaa78299ae2ade88a8f6228be8aa9f8a9ff58b3d108cd56"
            "23353b8dd2ec355a73d018cd51b36a4e1aab41e334678dd75c344173d544cd4d9334774dd63c3445f3d454cd4bd3346f4dd77c34"
            "43f3d54ccd4fffc7868d4118b60669d81994616fd08683c1188e86d5703258030667381bbce1620886ab211a6e8664b81bb2e161"
            "2886a7a11a5e8666781bbae1631886af611a7ee63f5ed9ac8895ed8a5cd9ada895fd8a5e39ac9895e3caba725ab12bacb895f38a"
            "5fb9ac8495eb4a5cb9ada495fb4a5e79ac9495e74a5d79adb495f74a5ff9ac8c95efca5cf9adffb165631196ad455a761665d95b"
            "b4e5603196a365b59c2cd682c559ce166fb95882e56a89969b2559ee966c79588ae569a99697a559de966ef95886e56b99969ffd"
            "8f1d1b87706c1dd2b17328c7dea11d0787711c1dabe3e4b00e1cce717678c7c5111c574774dc1cc9717764c7c3511c4f4775bc1c"
            "cdf17674c7c7311c5fc774fcdc7fecd9788467eb919e9d4779f61eed39788ce7e8593d278ff5e0719eb3c77b2e9ee0b97aa2e7e6"
            "499ebb277b1e9ee2797aaae7e5699eb7a77b3e9ee1f97aa6e7e7ffe3c0262002db800cec022ab00fe8c0216002c7c01a38056c80"
            "800b9c033e700984c0351003b7400adc0339f00894c0335003af400bbc033df0098cc0373003bff01f47361111d9466464175191"
            "7d44470e11133946d6c8296223445ce41cf1914b2444ae9118b94552e41ec99147a4449e911a79455ae41de9914f6444be9119f9"
            "c5ff38b14988c4362113bb844aec133a714898c431b1264e099b20e112e7844f5c1221714dc4c42d9112f7444e3c1225f14cd4c4"
            "2bd112ef444f7c1223f14dccc42ffdc7994d4664b61999d96554669fd19943c6648e993573cad80c199739677ce69209996b2666"
            "6e9994b96772e691299967a6665e999679677ae69319996f66667ef93f2e6c0aa2b02dc8c2aea00afb822e1c0aa6702cac8553c1"
            "1628b8c2b9e00b9742285c0bb1702ba4c2bd900b8f42293c0bb5f02ab4c2bbd00b9fc2287c0bb3f02bff71655311956d45567615"
            "55d95774e55031956365ad9c2ab642c555ce155fb95442e55a89955b2555ee955c79544ae559a99557a555de955ef95446e55b99"
            "955ffd8f1b9b86686c1bb2b16ba8c6bea11b8786691c1b6be3d4b00d1aae716ef8c6a5111ad7466cdc1aa9716fe4c6a3511acf46"
            "6dbc1aadf16ef4c6a7311adfc66cfcda7fdcd9744467db919d5d4775f61ddd39744ce7d8593ba78eedd0719d73c7772e9dd0b976"
            "62e7d6499d7b27771e9dd279766ae7d5699d77a7773e9dd1f97666e7d7ffe3c1662006db811cec066ab01fe8c1616006c7c13a38"
            "0dec80811b9c077e701984c1751007b7411adc0779f01894c1735007af411bbc077df0198cc1773007bff11f4f361331d94ee464"
            "375193fd444f0e1333394ed6c96962274cdce43cf193cb244cae9338b94dd2e43ec993c7a44c9e933a794ddae43de993cf644cbe"
            "9339f94dfe000588eb4e419b31850000000049454e44ae426082");
    }
    // The same size, red.
    static std::string red_picture() {
        return *base::hex_decode(
            "89504e470d0a1a0a0000000d49484452000000280000001408020000007024e8ec000000244944415478da6338212737208861d4"
            "e2518b472d1eb578d4e2518b472d1eb578e4580c0052e12cae4ee105b00000000049454e44ae426082");
    }

    static inline std::filesystem::path directory;
};

}  // namespace pos::testing
