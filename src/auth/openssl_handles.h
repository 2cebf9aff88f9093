#pragma once
// Owning pointers for OpenSSL's objects, for the .cpp files of this library alone (it pulls OpenSSL's headers in).
//
//     const PkeyHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, refuse_passphrase, nullptr));
//     if (!key) return std::unexpected(KeyFault::malformed);

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <memory>

namespace auth::openssl {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using PkeyContextHandle = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestHandle = Handle<EVP_MD, EVP_MD_free>;
using DigestContextHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherContextHandle = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using MacHandle = Handle<EVP_MAC, EVP_MAC_free>;
using MacContextHandle = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using BioHandle = Handle<BIO, BIO_free_all>;
using BignumHandle = Handle<BIGNUM, BN_clear_free>;
using EcdsaSignatureHandle = Handle<ECDSA_SIG, ECDSA_SIG_free>;
using ParamBuilderHandle = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsHandle = Handle<OSSL_PARAM, OSSL_PARAM_free>;

}  // namespace auth::openssl
