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

namespace auth {

template <auto Free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

template <class T, auto Free>
using OpensslHandle = std::unique_ptr<T, OpensslDeleter<Free>>;

using PkeyHandle = OpensslHandle<EVP_PKEY, EVP_PKEY_free>;
using PkeyContextHandle = OpensslHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestHandle = OpensslHandle<EVP_MD, EVP_MD_free>;
using DigestContextHandle = OpensslHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherContextHandle = OpensslHandle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using MacHandle = OpensslHandle<EVP_MAC, EVP_MAC_free>;
using MacContextHandle = OpensslHandle<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using BioHandle = OpensslHandle<BIO, BIO_free_all>;
using BignumHandle = OpensslHandle<BIGNUM, BN_clear_free>;
using EcdsaSignatureHandle = OpensslHandle<ECDSA_SIG, ECDSA_SIG_free>;
using ParamBuilderHandle = OpensslHandle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsHandle = OpensslHandle<OSSL_PARAM, OSSL_PARAM_free>;

}  // namespace auth
